import type { Endpoint } from './script.js';

/** A request, as far as an answer depends on it. */
export interface Ask {
  readonly endpoint: Endpoint;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The parsed JSON; empty when there was none. */
  readonly body: Readonly<Record<string, unknown>>;
  /** The body as it came, e.g. a form. */
  readonly rawBody: string;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The words of the last user message, of `input` or of `prompt`. */
export function lastUserText(body: Readonly<Record<string, unknown>>): string {
  const { messages, input, prompt } = body;
  const conversation = messages ?? input;
  if (Array.isArray(conversation)) {
    const last = conversation.findLast((item) => isRecord(item) && item['role'] === 'user');
    return isRecord(last) ? textIn(last['content']) : textIn(conversation.at(-1));
  }
  return textIn(conversation ?? prompt);
}

/** Every word that a model would read: messages, instructions, arguments and results of tools. */
export function promptText(body: Readonly<Record<string, unknown>>): string {
  return ['instructions', 'messages', 'input', 'prompt', 'tools', 'functions']
    .map((key) => textIn(body[key]))
    .join(' ');
}

const media = new Set([
  'image_url',
  'input_audio',
  'file_data',
  'data',
  'type',
  'role',
  'id',
  'call_id',
  'tool_call_id',
]);

function textIn(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(textIn).join(' ');
  if (!isRecord(value)) return '';
  return Object.entries(value)
    .filter(([key]) => !media.has(key))
    .map(([, part]) => textIn(part))
    .join(' ');
}
