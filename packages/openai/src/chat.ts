import { generationOperation } from '@throughline/core';
import type { CallOf, CommonSettings, GenerationRequest, GenerationResult, Operation } from '@throughline/core';
import type { OpenAI } from 'openai';
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionCreateParams,
} from 'openai/resources/chat/completions';
import { chatInput, chatOutput, toolDefinitions } from './chat-messages.js';
import { collectChat } from './collect-chat.js';
import { completionRequest, finishReason, usageOf } from './completion.js';
import { endpointOf, modelOf } from './endpoint.js';
import type { Endpoint } from './endpoint.js';
import type { DescribeFailure } from './failure.js';
import { requestAttributes, responseAttributes } from './openai-attributes.js';
import type { Wire } from './wire.js';

type ChatCall = CallOf<OpenAI.Chat.Completions, 'create'>;

/** `chat.completions.create`; a stream is folded into the completion that it would have been. */
export function chatOperation(
  { conventions }: CommonSettings,
  failure: DescribeFailure,
): Operation<ChatCall, Wire<ChatCompletion>, Wire<ChatCompletionChunk>> {
  return generationOperation({
    conventions,
    failure,
    collect: collectChat,
    call({ self, args: [given] }) {
      const body: Wire<ChatCompletionCreateParams> = given ?? {};
      const endpoint = endpointOf(self);
      return {
        ...endpoint,
        operation: 'chat',
        model: modelOf(self, body.model),
        get request() {
          return chatRequest(body);
        },
        get attributes() {
          return requestAttributes(endpoint, 'chat_completions', body.service_tier);
        },
        messages: () => chatInput(body.messages ?? []),
        tools: body.tools || body.functions ? () => toolDefinitions(body) : undefined,
      };
    },
    result: (answer, { self }) => chatResult(answer, endpointOf(self)),
  });
}

function chatRequest(body: Wire<ChatCompletionCreateParams>): GenerationRequest {
  const { max_completion_tokens: maxTokens, response_format: format, modalities } = body;
  const common = completionRequest(body);
  return {
    ...common,
    maxTokens: maxTokens ?? common.maxTokens,
    reasoningLevel: body.reasoning_effort ?? undefined,
    outputType: modalities?.includes('audio') ? 'speech' : outputType(format?.type),
  };
}

function chatResult(answer: Wire<ChatCompletion>, endpoint: Endpoint): GenerationResult {
  const choices = answer.choices ?? [];
  return {
    id: answer.id ?? undefined,
    model: answer.model ?? undefined,
    finishReasons: choices.map((choice) => finishReason(choice.finish_reason)),
    usage: usageOf(answer.usage),
    attributes: responseAttributes(endpoint, answer.service_tier, answer.system_fingerprint),
    messages: () => choices.map(chatOutput),
  };
}

/** What a response format asks for, in the words of the conventions. */
export function outputType(format: string | null | undefined): 'text' | 'json' | undefined {
  if (format === 'text') return 'text';
  return format === 'json_object' || format === 'json_schema' ? 'json' : undefined;
}
