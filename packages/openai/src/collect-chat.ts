import type { Collector } from '@throughline/core';
import type { ChatCompletion, ChatCompletionChunk } from 'openai/resources/chat/completions';
import type { Wire } from './wire.js';

type Delta = Wire<ChatCompletionChunk.Choice.Delta> & { readonly reasoning_content?: string | null };

interface CollectedChoice {
  readonly index: number;
  readonly message: {
    role: 'assistant';
    content: string;
    refusal: string;
    reasoning_content: string;
    tool_calls: CollectedCall[];
    function_call: { name: string; arguments: string } | undefined;
  };
  finish_reason: ChatCompletion.Choice['finish_reason'] | undefined;
}

interface CollectedCall {
  id: string | undefined;
  type: 'function';
  function: { name: string; arguments: string };
}

/** Folds the chunks of a streamed chat into the completion that a plain call would have given. */
export function collectChat(): Collector<Wire<ChatCompletionChunk>, Wire<ChatCompletion>> {
  // By the index that a chunk names: choices take turns, and neither they nor their tool calls need to be complete.
  const choices = new Map<number, CollectedChoice>();
  const calls = new Map<string, CollectedCall>();
  // Azure's first chunk has empty texts here, and only some chunks have the rest.
  let id: string | undefined;
  let model: string | undefined;
  let tier: Wire<ChatCompletionChunk>['service_tier'];
  let fingerprint: string | null | undefined;
  let usage: Wire<ChatCompletionChunk>['usage'];

  const choiceAt = (index: number): CollectedChoice => {
    let choice = choices.get(index);
    if (choice === undefined) {
      const texts = { content: '', refusal: '', reasoning_content: '' };
      choice = {
        index,
        message: { role: 'assistant', ...texts, tool_calls: [], function_call: undefined },
        finish_reason: undefined,
      };
      choices.set(index, choice);
    }
    return choice;
  };

  const callAt = ({ index, message }: CollectedChoice, callIndex: number): CollectedCall => {
    const key = `${index} ${callIndex}`;
    let call = calls.get(key);
    if (call === undefined) {
      call = { id: undefined, type: 'function', function: { name: '', arguments: '' } };
      calls.set(key, call);
      message.tool_calls.push(call);
    }
    return call;
  };

  /** Answers whether the delta holds anything to show. */
  const addDelta = (choice: CollectedChoice, delta: Delta): boolean => {
    const { message } = choice;
    message.content += delta.content ?? '';
    message.refusal += delta.refusal ?? '';
    message.reasoning_content += delta.reasoning_content ?? '';
    for (const part of delta.tool_calls ?? []) {
      const call = callAt(choice, part.index ?? 0);
      call.id ||= part.id ?? undefined;
      call.function.name ||= part.function?.name ?? '';
      call.function.arguments += part.function?.arguments ?? '';
    }
    if (delta.function_call) {
      message.function_call ??= { name: '', arguments: '' };
      message.function_call.name ||= delta.function_call.name ?? '';
      message.function_call.arguments += delta.function_call.arguments ?? '';
    }
    return hasContent(delta);
  };

  return {
    add(chunk) {
      id ||= chunk.id ?? undefined;
      model ||= chunk.model ?? undefined;
      tier = chunk.service_tier ?? tier;
      fingerprint = chunk.system_fingerprint ?? fingerprint;
      usage = chunk.usage ?? usage;
      let told = false;
      for (const part of chunk.choices ?? []) {
        const choice = choiceAt(part.index ?? 0);
        choice.finish_reason = part.finish_reason ?? choice.finish_reason;
        if (part.delta && addDelta(choice, part.delta)) told = true;
      }
      return told;
    },
    result: () => ({
      id,
      model,
      service_tier: tier,
      system_fingerprint: fingerprint,
      usage,
      choices: [...choices.values()].toSorted((a, b) => a.index - b.index),
    }),
  };
}

/** The first delta of a choice has its role and an empty text. */
function hasContent(delta: Delta): boolean {
  for (const field in delta) {
    const value = delta[field as keyof Delta];
    if (field !== 'role' && value !== null && value !== '') return true;
  }
  return false;
}
