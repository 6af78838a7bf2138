import { parseArguments } from '@throughline/core';
import type { Message, MessagePart, OutputMessage, ToolDefinition } from '@throughline/core';
import type {
  ChatCompletion,
  ChatCompletionAssistantMessageParam,
  ChatCompletionAudio,
  ChatCompletionContentPart,
  ChatCompletionContentPartRefusal,
  ChatCompletionCreateParams,
  ChatCompletionMessageParam,
  ChatCompletionMessageToolCall,
} from 'openai/resources/chat/completions';
import { finishReason } from './completion.js';
import { media } from './media.js';
import type { Wire } from './wire.js';

type ContentPart = Wire<ChatCompletionContentPart | ChatCompletionContentPartRefusal>;

/** The messages of a request in the conventions' format. */
export function chatInput(messages: readonly Wire<ChatCompletionMessageParam>[]): readonly Message[] {
  return messages.map((message) => {
    const name = 'name' in message && typeof message.name === 'string' ? message.name : undefined;
    return { role: message.role ?? 'user', parts: inputParts(message), ...(name !== undefined && { name }) };
  });
}

function inputParts(message: Wire<ChatCompletionMessageParam>): readonly MessagePart[] {
  if (message.role === 'tool') {
    return [{ type: 'tool_call_response', id: message.tool_call_id ?? undefined, response: textOf(message.content) }];
  }
  if (message.role === 'function') {
    return [{ type: 'tool_call_response', id: message.name ?? undefined, response: message.content ?? null }];
  }
  return message.role === 'assistant' ? assistantParts(message) : contentParts(message.content);
}

/** A choice of the answer in the conventions' format. */
export function chatOutput(choice: Wire<ChatCompletion.Choice>): OutputMessage {
  return {
    role: choice.message?.role ?? 'assistant',
    parts: assistantParts(choice.message ?? {}),
    finish_reason: finishReason(choice.finish_reason),
  };
}

/** What an assistant said, sent back to the model or just answered; DeepSeek and others add their reasoning. */
type AssistantMessage = Wire<
  Pick<ChatCompletionAssistantMessageParam, 'content' | 'refusal' | 'tool_calls' | 'function_call'> & {
    readonly reasoning_content: string;
    readonly audio: Partial<ChatCompletionAudio>;
  }
>;

function assistantParts(message: AssistantMessage): readonly MessagePart[] {
  const { reasoning_content: reasoning, refusal, function_call: call, audio } = message;
  return [
    ...(reasoning ? [{ type: 'reasoning', content: reasoning }] : []),
    ...contentParts(message.content),
    ...(refusal ? [{ type: 'refusal', content: refusal }] : []),
    ...(audio?.data ? [media('audio', audio.data)] : audio?.id ? [fileOf('audio', audio.id)] : []),
    ...(message.tool_calls ?? []).map(toolCall),
    ...(call ? [{ type: 'tool_call', name: call.name ?? '', arguments: parseArguments(call.arguments) }] : []),
  ];
}

function toolCall(call: Wire<ChatCompletionMessageToolCall>): MessagePart {
  const id = call.id ?? undefined;
  if ('custom' in call) return { type: 'tool_call', id, name: call.custom?.name ?? '', arguments: call.custom?.input };
  const { name, arguments: text } = ('function' in call && call.function) || {};
  return { type: 'tool_call', id, name: name ?? '', arguments: parseArguments(text) };
}

function contentParts(content: string | readonly ContentPart[] | null | undefined): readonly MessagePart[] {
  if (content === null || content === undefined || content === '') return [];
  return typeof content === 'string' ? [{ type: 'text', content }] : content.map(contentPart);
}

function contentPart(part: ContentPart): MessagePart {
  switch (part.type) {
    case 'text':
      return { type: 'text', content: part.text ?? '' };
    case 'refusal':
      return { type: 'refusal', content: part.refusal ?? '' };
    case 'image_url':
      return media('image', part.image_url?.url ?? '');
    case 'input_audio':
      return media('audio', part.input_audio?.data ?? '', `audio/${part.input_audio?.format ?? 'unknown'}`);
    case 'file':
      return part.file?.file_id ? fileOf('document', part.file.file_id) : media('document', part.file?.file_data ?? '');
    default:
      // Of a kind that is not known only the kind is shown.
      return { type: String((part as { readonly type?: unknown }).type) };
  }
}

function fileOf(modality: string, id: string): MessagePart {
  return { type: 'file', modality, file_id: id };
}

function textOf(content: string | readonly ContentPart[] | null | undefined): unknown {
  return typeof content === 'string' ? content : contentParts(content);
}

/** The tools of a request, flat: OpenAI nests them. */
export function toolDefinitions({ tools, functions }: Wire<ChatCompletionCreateParams>): readonly ToolDefinition[] {
  const defined = (tools ?? []).map((tool) =>
    'custom' in tool ? tool.custom : 'function' in tool ? tool.function : undefined,
  );
  return [...defined, ...(functions ?? [])].map((tool, index) => ({
    type: tools?.[index]?.type ?? 'function',
    name: tool?.name ?? '',
    ...(tool?.description && { description: tool.description }),
    ...(tool && 'parameters' in tool && { parameters: tool.parameters }),
  }));
}
