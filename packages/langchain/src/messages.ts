import { parseArguments } from '@throughline/core';
import type { Message, MessagePart } from '@throughline/core';
import { record, text } from './callback-data.js';

/** Messages of LangChain in the format of the GenAI conventions. Called only while content is captured. */
export function messagesOf(given: unknown): readonly Message[] {
  const list = Array.isArray(given) ? given : [given];
  return list.map(messageOf).filter((message) => message !== undefined);
}

/** The messages of a state, as agents and most graphs have them. */
export function messagesIn(state: unknown): readonly Message[] {
  const messages = record(state)?.['messages'] ?? record(record(state)?.['output'])?.['messages'];
  if (Array.isArray(messages)) return messagesOf(messages);
  const only = text(record(state)?.['input']) ?? text(state);
  return only === undefined ? [] : [{ role: 'user', parts: [{ type: 'text', content: only }] }];
}

export function messageOf(given: unknown): Message | undefined {
  if (typeof given === 'string') return { role: 'user', parts: [{ type: 'text', content: given }] };
  // Programs may pass `['human', 'text']` and `{ role, content }` for a message.
  if (Array.isArray(given)) return { role: roleOf(String(given[0])), parts: partsOf(given[1]) };
  const message = record(given);
  if (message === undefined) return undefined;
  const role = roleOf(typeOf(message));
  if (role === 'tool') {
    return {
      role,
      parts: [{ type: 'tool_call_response', id: text(message['tool_call_id']), response: message['content'] }],
    };
  }
  const calls = Array.isArray(message['tool_calls']) ? (message['tool_calls'] as unknown[]) : [];
  return {
    role,
    parts: [...partsOf(message['content']), ...calls.map(toolCallOf)],
    ...(text(message['name']) !== undefined && { name: text(message['name']) }),
  };
}

function typeOf(message: Readonly<Record<string, unknown>>): string {
  // 0.3 has `_getType()`, 1.x has `type`.
  const { _getType: getType } = message;
  return (
    text(message['role']) ??
    text(message['type']) ??
    (typeof getType === 'function' ? String(Reflect.apply(getType, message, [])) : '')
  );
}

const ROLES: Readonly<Record<string, string>> = { human: 'user', ai: 'assistant', function: 'tool' };

function roleOf(type: string): string {
  return ROLES[type] ?? (type === '' ? 'user' : type);
}

function partsOf(content: unknown): MessagePart[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', content }];
  if (!Array.isArray(content)) return [];
  return content.map(partOf).filter((part) => part !== undefined);
}

function partOf(given: unknown): MessagePart | undefined {
  if (typeof given === 'string') return { type: 'text', content: given };
  const block = record(given);
  const type = text(block?.['type']);
  if (block === undefined || type === undefined) return undefined;
  switch (type) {
    case 'text':
    case 'output_text':
    case 'input_text':
      return { type: 'text', content: String(block['text']) };
    case 'thinking':
    case 'reasoning':
      return { type: 'reasoning', content: text(block['thinking']) ?? text(block['reasoning']) ?? '' };
    // In `tool_calls` too.
    case 'tool_use':
    case 'tool_call':
    case 'tool_call_chunk':
    case 'input_json_delta':
      return undefined;
    case 'image_url': {
      const url = text(block['image_url']) ?? text(record(block['image_url'])?.['url']) ?? '';
      return url.startsWith('data:')
        ? { type: 'image', bytes: Math.floor((url.length - url.indexOf(',') - 1) * 0.75) }
        : { type: 'uri', modality: 'image', uri: url };
    }
    // Media and what providers add: that it is there, never its bytes.
    default:
      return { type };
  }
}

function toolCallOf(given: unknown): MessagePart {
  const call = record(given) ?? {};
  return {
    type: 'tool_call',
    id: text(call['id']),
    name: String(call['name']),
    arguments: parseArguments(call['args']),
  };
}
