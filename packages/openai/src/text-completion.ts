import { generationOperation } from '@throughline/core';
import type { CallOf, Collector, CommonSettings, Operation } from '@throughline/core';
import type { OpenAI } from 'openai';
import type { Completion, CompletionCreateParams } from 'openai/resources/completions';
import { completionRequest, finishReason, usageOf } from './completion.js';
import { endpointOf, modelOf } from './endpoint.js';
import type { DescribeFailure } from './failure.js';
import { responseAttributes } from './openai-attributes.js';
import type { Wire } from './wire.js';

type CompletionCall = CallOf<OpenAI.Completions, 'create'>;
type Answer = Wire<Completion>;

/** The old `completions.create`. */
export function textCompletionOperation(
  { conventions }: CommonSettings,
  failure: DescribeFailure,
): Operation<CompletionCall, Answer, Answer> {
  return generationOperation({
    conventions,
    failure,
    collect: collectCompletion,
    call({ self, args: [given] }) {
      const body: Wire<CompletionCreateParams> = given ?? {};
      return {
        ...endpointOf(self),
        operation: 'text_completion',
        model: modelOf(self, body.model),
        get request() {
          return completionRequest(body);
        },
        messages: () => promptsOf(body.prompt).map((content) => ({ role: 'user', parts: [{ type: 'text', content }] })),
      };
    },
    result(answer, { self }) {
      const choices = answer.choices ?? [];
      return {
        id: answer.id ?? undefined,
        model: answer.model ?? undefined,
        finishReasons: choices.map((choice) => finishReason(choice.finish_reason)),
        usage: usageOf(answer.usage),
        attributes: responseAttributes(endpointOf(self), undefined, answer.system_fingerprint),
        messages: () =>
          choices.map(({ text, finish_reason: reason }) => ({
            role: 'assistant',
            parts: [{ type: 'text', content: text ?? '' }],
            finish_reason: finishReason(reason),
          })),
      };
    },
  });
}

/** Tokens instead of a text cannot be read here. */
function promptsOf(prompt: Wire<CompletionCreateParams['prompt']> | null | undefined): readonly string[] {
  const prompts: readonly unknown[] = Array.isArray(prompt) ? prompt : [prompt];
  return prompts.filter((one) => typeof one === 'string');
}

function collectCompletion(): Collector<Answer, Answer> {
  const choices = new Map<
    number,
    { index: number; text: string; finish_reason: 'stop' | 'length' | 'content_filter' | undefined }
  >();
  let about: Answer = {};
  return {
    add(chunk) {
      about = { ...about, ...chunk, usage: chunk.usage ?? about.usage };
      for (const { index, text, finish_reason: reason } of chunk.choices ?? []) {
        const at = index ?? 0;
        const before = choices.get(at);
        choices.set(at, {
          index: at,
          text: (before?.text ?? '') + (text ?? ''),
          finish_reason: reason ?? before?.finish_reason,
        });
      }
      return (chunk.choices ?? []).some(({ text }) => text);
    },
    result: () => ({ ...about, choices: [...choices.values()].toSorted((a, b) => a.index - b.index) }),
  };
}
