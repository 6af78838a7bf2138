import type { Ask } from './ask.js';
import { json, type Reply } from './reply.js';
import type { Script } from './script.js';
import { countTokens } from './tokens.js';

/** Answers the same words to any recording; the form's `response_format` decides their shape. */
export function transcriptions(ask: Ask, script: Script): Reply {
  const text = script.choices?.[0]?.text ?? 'The words of the recording.';
  const usage = {
    input: script.usage?.input ?? 14,
    output: script.usage?.output ?? countTokens(text),
    cached: 0,
    reasoning: 0,
  };
  const format = /name="response_format"\r?\n\r?\n(\w+)/.exec(ask.rawBody)?.[1] ?? 'json';
  if (format === 'text') return { ...json('', usage), contentType: 'text/plain; charset=utf-8', chunks: [`${text}\n`] };
  const wire = {
    type: 'tokens',
    input_tokens: usage.input,
    output_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    input_token_details: { text_tokens: 0, audio_tokens: usage.input },
  };
  const verbose = { task: 'transcribe', language: 'english', duration: 1.4, segments: [] };
  return json(script.body ?? { text, usage: wire, ...(format === 'verbose_json' && verbose) }, usage);
}
