import { isRecord, type Ask } from './ask.js';
import { apiError } from './errors.js';
import { eventStream, json, sse, withFault, type Reply } from './reply.js';
import { answeringModel, resolveChoices } from './resolve.js';
import type { Script } from './script.js';
import { usageOf } from './tokens.js';

/** The old text completions. */
export function completions(ask: Ask, script: Script, id: string): Reply {
  const choices = resolveChoices(ask, script, id);
  const usage = usageOf(ask, script, choices);
  const about = {
    id: `cmpl-${id}`,
    object: 'text_completion',
    created: 1_750_000_000,
    model: answeringModel(ask, script),
  };
  const counted = {
    usage: { prompt_tokens: usage.input, completion_tokens: usage.output, total_tokens: usage.input + usage.output },
  };
  const reply = ask.body['stream'] === true ? streamed() : plain();
  return withFault(reply, script.fault, sse({ error: apiError(500) }));

  function plain(): Reply {
    const parts = choices.map(({ text, finish }, index) => part(text ?? '', index, finish));
    return json(script.body ?? { ...about, choices: parts, ...counted }, usage);
  }

  function streamed(): Reply {
    const options = ask.body['stream_options'];
    const asksForUsage = isRecord(options) && options['include_usage'] === true;
    const parts = choices.flatMap(({ pieces, finish }, index) => [
      ...pieces.map((piece) => part(piece, index, null)),
      part('', index, finish),
    ]);
    const events = script.events ?? [
      ...parts.map((one) => ({ ...about, choices: [one] })),
      ...(asksForUsage ? [{ ...about, choices: [], ...counted }] : []),
    ];
    return eventStream([...events.map((event) => sse(event)), sse('[DONE]')], usage);
  }
}

function part(text: string, index: number, finish: string | null): object {
  return { text, index, logprobs: null, finish_reason: finish };
}
