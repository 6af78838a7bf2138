import { parseArguments } from '@throughline/core';
import type { Message, MessagePart, OutputMessage, ToolDefinition } from '@throughline/core';
import type {
  ResponseInput,
  ResponseInputAudio,
  ResponseInputContent,
  ResponseInputItem,
  ResponseOutputItem,
  ResponseOutputRefusal,
  ResponseOutputText,
  Tool,
} from 'openai/resources/responses/responses';
import { media } from './media.js';
import type { Wire } from './wire.js';

type Item = Wire<ResponseInputItem | ResponseOutputItem>;
type Content = Wire<ResponseInputContent | ResponseInputAudio | ResponseOutputText | ResponseOutputRefusal>;

/** The input of a request in the conventions' format: a text or items, each of which is a message of its own. */
export function responseInput(input: Wire<string | ResponseInput> | null | undefined): readonly Message[] {
  if (input === null || input === undefined) return [];
  if (typeof input === 'string') return [{ role: 'user', parts: [{ type: 'text', content: input }] }];
  return input.map((item) => ({ role: roleOf(item), parts: partsOf(item) }));
}

/** The output items of a response: one message, since the API has one choice. */
export function responseOutput(
  items: readonly Wire<ResponseOutputItem>[],
  finishReason: string,
): readonly OutputMessage[] {
  return [{ role: 'assistant', parts: items.flatMap(partsOf), finish_reason: finishReason }];
}

/** The tools of a request; those that the provider runs have no name but their type. */
export function responseTools(tools: readonly Wire<Tool>[]): readonly ToolDefinition[] {
  return tools.map((tool) => ({
    type: tool.type ?? 'function',
    name: ('name' in tool && tool.name) || (tool.type ?? ''),
    ...('description' in tool && tool.description && { description: tool.description }),
    ...('parameters' in tool && { parameters: tool.parameters }),
  }));
}

function roleOf(item: Item): string {
  if ('role' in item && item.role) return item.role;
  return item.type?.endsWith('_output') ? 'tool' : 'assistant';
}

function partsOf(item: Item): readonly MessagePart[] {
  switch (item.type) {
    case 'function_call':
      return [toolCall(item.call_id, item.name, parseArguments(item.arguments))];
    case 'custom_tool_call':
      return [toolCall(item.call_id, item.name, item.input)];
    case 'function_call_output':
    case 'custom_tool_call_output':
      return [{ type: 'tool_call_response', id: item.call_id ?? undefined, response: outputOf(item.output) }];
    case 'reasoning':
      return [...(item.summary ?? []), ...(item.content ?? [])].map(({ text }) => ({
        type: 'reasoning',
        content: text ?? '',
      }));
    default:
      return 'content' in item ? contentParts(item.content) : [serverItem(item)];
  }
}

function toolCall(id: string | null | undefined, name: string | null | undefined, given: unknown): MessagePart {
  return { type: 'tool_call', id: id ?? undefined, name: name ?? '', arguments: given };
}

/** What the provider ran by itself: a search, code, an image. Only that it did is shown. */
function serverItem(item: Item): MessagePart {
  const { id, type } = item as { readonly id?: unknown; readonly type?: unknown };
  const kind = String(type);
  const part = { ...(typeof id === 'string' && { id }) };
  if (kind.endsWith('_output')) {
    return { type: 'server_tool_call_response', ...part, server_tool_call_response: { type: kind } };
  }
  if (!kind.endsWith('_call')) return { type: kind, ...part };
  const name = 'name' in item && typeof item.name === 'string' ? item.name : kind.slice(0, -'_call'.length);
  return { type: 'server_tool_call', ...part, name, server_tool_call: { type: kind } };
}

function outputOf(output: string | readonly Content[] | null | undefined): unknown {
  return typeof output === 'string' ? output : contentParts(output);
}

function contentParts(content: unknown): readonly MessagePart[] {
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', content }];
  return Array.isArray(content) ? content.map(contentPart) : [];
}

function contentPart(part: Content): MessagePart {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
      return { type: 'text', content: part.text ?? '' };
    case 'refusal':
      return { type: 'refusal', content: part.refusal ?? '' };
    case 'input_image':
      return part.file_id ? fileOf('image', part.file_id) : media('image', part.image_url ?? '');
    case 'input_file':
      return part.file_id ? fileOf('document', part.file_id) : media('document', part.file_url ?? part.file_data ?? '');
    case 'input_audio':
      return media('audio', part.input_audio?.data ?? '', `audio/${part.input_audio?.format ?? 'unknown'}`);
    default:
      return { type: String((part as { readonly type?: unknown }).type) };
  }
}

function fileOf(modality: string, id: string): MessagePart {
  return { type: 'file', modality, file_id: id };
}
