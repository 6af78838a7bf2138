import { isRecord, lastUserText, type Ask } from './ask.js';
import { sampleOf } from './sample-json.js';
import type { Choice, Script } from './script.js';

/** A choice with everything said that its script left open. */
export interface ResolvedChoice {
  readonly text: string | undefined;
  readonly pieces: readonly string[];
  readonly refusal: string | undefined;
  readonly reasoning: string | undefined;
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly finish: 'stop' | 'length' | 'content_filter' | 'tool_calls';
}

export function resolveChoices(ask: Ask, script: Script, id: string): readonly ResolvedChoice[] {
  const given = script.choices?.length ? script.choices : [{}];
  const { n } = ask.body;
  const count = typeof n === 'number' ? n : given.length;
  return Array.from({ length: count }, (_, index) => resolve(ask, given[index] ?? given.at(-1) ?? {}, `${id}${index}`));
}

/** The model that answers is a dated version of the one that was asked for. */
export function answeringModel(ask: Ask, script: Script): string {
  const { model } = ask.body;
  return script.model ?? `${typeof model === 'string' ? model : 'gpt-4o-mini'}-2024-07-18`;
}

/** `Hello big world` streams as `Hello`, ` big`, ` world`. */
export function words(text: string): readonly string[] {
  return text.match(/\s*\S+|\s+$/g) ?? [];
}

function resolve(ask: Ask, choice: Choice, id: string): ResolvedChoice {
  const { refusal, reasoning, toolCalls = [] } = choice;
  const silent = refusal !== undefined || toolCalls.length > 0;
  const text = choice.text ?? choice.pieces?.join('') ?? (silent ? undefined : defaultText(ask));
  return {
    text,
    pieces: choice.pieces ?? words(text ?? ''),
    refusal,
    reasoning,
    toolCalls: toolCalls.map((call, index) => ({
      id: call.id ?? `call_${id}_${index}`,
      name: call.name,
      arguments: typeof call.arguments === 'string' ? call.arguments : JSON.stringify(call.arguments ?? {}),
    })),
    finish: choice.finish ?? (toolCalls.length > 0 ? 'tool_calls' : 'stop'),
  };
}

function defaultText(ask: Ask): string {
  const echo = `Echo: ${lastUserText(ask.body)}`;
  const schema = wantedSchema(ask.body);
  if (schema === undefined) return echo;
  return JSON.stringify(sampleOf(schema, echo));
}

/** Where chat and responses put the schema of a structured answer. */
function wantedSchema(body: Ask['body']): unknown {
  const { response_format: chat, text } = body;
  if (isRecord(chat) && isRecord(chat['json_schema'])) return chat['json_schema']['schema'];
  if (isRecord(text) && isRecord(text['format'])) return text['format']['schema'];
  return undefined;
}
