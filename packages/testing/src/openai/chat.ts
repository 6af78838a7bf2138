import { isRecord, type Ask } from './ask.js';
import { apiError } from './errors.js';
import { eventStream, json, sse, withFault, type Reply } from './reply.js';
import { answeringModel, resolveChoices, words, type ResolvedChoice } from './resolve.js';
import type { Script, TokenUsage, ToolStyle } from './script.js';
import { usageOf } from './tokens.js';

export function chat(ask: Ask, script: Script, id: string): Reply {
  const choices = resolveChoices(ask, script, id);
  const usage = usageOf(ask, script, choices);
  const about = {
    id: `chatcmpl-${id}`,
    created: 1_750_000_000,
    model: answeringModel(ask, script),
    service_tier: 'default',
    system_fingerprint: 'fp_throughline',
  };
  const reply = ask.body['stream'] === true ? streamed() : plain();
  return withFault(reply, script.fault, sse({ error: apiError(500) }));

  function plain(): Reply {
    const body = { ...about, object: 'chat.completion', choices: choices.map(wholeChoice), usage: wireUsage(usage) };
    return json(script.body ?? body, usage);
  }

  function streamed(): Reply {
    const options = ask.body['stream_options'];
    const asksForUsage = isRecord(options) && options['include_usage'] === true;
    const chunk = (parts: readonly unknown[], rest: object = asksForUsage ? { usage: null } : {}) =>
      sse({ ...about, object: 'chat.completion.chunk', choices: parts, ...rest });

    const events = script.events?.map((event) => sse(event)) ?? [
      ...(script.emptyChoicesFirst ? [sse(promptFilter)] : []),
      ...interleave(choices.map((choice, index) => deltasOf(choice, index, script))).map((part) => chunk([part])),
      ...(asksForUsage ? [chunk([], { usage: wireUsage(usage) })] : []),
    ];
    return eventStream([...events, sse('[DONE]')], usage);
  }
}

function wholeChoice(choice: ResolvedChoice, index: number): object {
  return {
    index,
    message: {
      role: 'assistant',
      content: choice.text ?? null,
      refusal: choice.refusal ?? null,
      annotations: [],
      ...(choice.reasoning !== undefined && { reasoning_content: choice.reasoning }),
      ...(choice.toolCalls.length > 0 && { tool_calls: choice.toolCalls.map(wireCall) }),
    },
    logprobs: null,
    finish_reason: choice.finish,
  };
}

function wireCall({ id, name, arguments: text }: ResolvedChoice['toolCalls'][number]): object {
  return { id, type: 'function', function: { name, arguments: text } };
}

function deltasOf(choice: ResolvedChoice, index: number, script: Script): readonly object[] {
  const deltas = [
    { role: 'assistant', content: choice.toolCalls.length > 0 ? null : '', refusal: null },
    ...(script.deltaNull ? [null] : []),
    ...words(choice.reasoning ?? '').map((piece) => ({ reasoning_content: piece })),
    ...choice.pieces.map((piece) => ({ content: piece })),
    ...words(choice.refusal ?? '').map((piece) => ({ refusal: piece })),
    ...toolDeltas(choice.toolCalls, script.toolStyle).map((calls) => ({ tool_calls: calls })),
  ];
  return [
    ...deltas.map((delta) => ({ index, delta, logprobs: null, finish_reason: null })),
    { index, delta: {}, logprobs: null, finish_reason: choice.finish },
  ];
}

function toolDeltas(calls: ResolvedChoice['toolCalls'], style: ToolStyle = {}): readonly (readonly object[])[] {
  const perCall = calls.map((call, position) => {
    const index = style.gaps ? position * 2 : position;
    const half = Math.ceil(call.arguments.length / 2);
    const parts = ['', call.arguments.slice(0, half), call.arguments.slice(half)];
    const place = style.ids ?? 'first';
    return parts.map((part, at) => ({
      index,
      ...((place === 'repeated' || at === (place === 'first' ? 0 : parts.length - 1)) && { id: call.id }),
      ...(at === 0 && { type: 'function' }),
      function: { ...(at === 0 && { name: call.name }), arguments: part },
    }));
  });
  if (!style.together) return perCall.flat().map((delta) => [delta]);
  return [0, 1, 2].map((at) => perCall.flatMap((deltas) => deltas[at] ?? [])).filter((deltas) => deltas.length > 0);
}

/** With `n > 1` the choices take turns. */
function interleave(lines: readonly (readonly object[])[]): readonly object[] {
  const longest = Math.max(...lines.map((line) => line.length));
  return Array.from({ length: longest }, (_, at) => lines.flatMap((line) => line[at] ?? [])).flat();
}

function wireUsage({ input, output, cached, reasoning }: TokenUsage): object {
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

const promptFilter = {
  id: '',
  object: '',
  created: 0,
  model: '',
  choices: [],
  prompt_filter_results: [{ prompt_index: 0, content_filter_results: { hate: { filtered: false, severity: 'safe' } } }],
};
