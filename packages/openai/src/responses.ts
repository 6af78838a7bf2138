import { generationOperation } from '@throughline/core';
import type {
  CallOf,
  CommonSettings,
  Failure,
  GenerationRequest,
  GenerationResult,
  Operation,
  Usage,
} from '@throughline/core';
import type { OpenAI } from 'openai';
import type {
  Response,
  ResponseCreateParams,
  ResponseErrorEvent,
  ResponseStreamEvent,
  ResponseUsage,
} from 'openai/resources/responses/responses';
import { outputType } from './chat.js';
import { collectResponse } from './collect-response.js';
import { endpointOf, modelOf } from './endpoint.js';
import type { Endpoint } from './endpoint.js';
import { codeOf } from './failure.js';
import type { DescribeFailure } from './failure.js';
import { requestAttributes, responseAttributes } from './openai-attributes.js';
import { responseInput, responseOutput, responseTools } from './response-messages.js';
import type { Wire } from './wire.js';

type CreateCall = CallOf<OpenAI.Responses, 'create'>;
type RetrieveCall = CallOf<OpenAI.Responses, 'retrieve'>;

/** The fields of a response that are read; `streamError` is an error that came as an event of its stream. */
export type ResponseAnswer = Wire<
  Pick<Response, 'id' | 'model' | 'status' | 'output' | 'usage' | 'service_tier' | 'incomplete_details' | 'error'>
> & { readonly streamError?: Wire<ResponseErrorEvent> | undefined };

/** `responses.create`; a stream is folded into the response that it would have been. */
export function createResponseOperation(
  { conventions }: CommonSettings,
  failure: DescribeFailure,
): Operation<CreateCall, ResponseAnswer, Wire<ResponseStreamEvent>> {
  return generationOperation({
    conventions,
    failure,
    collect: collectResponse,
    call({ self, args: [given] }) {
      const body: Wire<ResponseCreateParams> = given ?? {};
      const endpoint = endpointOf(self);
      const { instructions } = body;
      return {
        ...endpoint,
        operation: 'chat',
        model: modelOf(self, body.model),
        get request() {
          return responseRequest(body);
        },
        get attributes() {
          return requestAttributes(endpoint, 'responses', body.service_tier);
        },
        messages: () => responseInput(body.input),
        systemInstructions: instructions ? () => [{ type: 'text', content: instructions }] : undefined,
        tools: body.tools ? () => responseTools(body.tools ?? []) : undefined,
      };
    },
    result(answer, { self }) {
      // A stream that ended before the response did.
      const finishReason = answer.status === 'in_progress' ? 'error' : finishReasonOf(answer);
      return {
        ...responseResult(answer, endpointOf(self), finishReason),
        usage: usageOf(answer.usage),
        failure: failureIn(answer),
      };
    },
  });
}

/**
 * `responses.retrieve`: its tokens belong to the call that created the response, and so does its failure. With
 * `stream` it reads on.
 */
export function retrieveResponseOperation(
  { conventions }: CommonSettings,
  failure: DescribeFailure,
): Operation<RetrieveCall, ResponseAnswer, Wire<ResponseStreamEvent>> {
  return generationOperation({
    conventions,
    failure,
    collect: collectResponse,
    call({ self, args: [id, query] }) {
      const endpoint = endpointOf(self);
      return {
        ...endpoint,
        operation: 'fetch_response',
        get request() {
          return { stream: query?.stream === true };
        },
        get attributes() {
          return { 'gen_ai.response.id': id, ...requestAttributes(endpoint, 'responses') };
        },
      };
    },
    result: (answer, { self }) => ({
      ...responseResult(answer, endpointOf(self), finishReasonOf(answer)),
      status: answer.status ?? undefined,
      failure: streamFailure(answer),
    }),
  });
}

function responseRequest(body: Wire<ResponseCreateParams>): GenerationRequest {
  const { conversation } = body;
  return {
    maxTokens: body.max_output_tokens ?? undefined,
    temperature: body.temperature ?? undefined,
    topP: body.top_p ?? undefined,
    stream: body.stream === true,
    reasoningLevel: body.reasoning?.effort ?? undefined,
    outputType: outputType(body.text?.format?.type),
    previousResponseId: body.previous_response_id ?? undefined,
    conversationId: (typeof conversation === 'string' ? conversation : conversation?.id) ?? undefined,
  };
}

function responseResult(answer: ResponseAnswer, endpoint: Endpoint, reason: string | undefined): GenerationResult {
  return {
    id: answer.id ?? undefined,
    model: answer.model ?? undefined,
    finishReasons: reason === undefined ? undefined : [reason],
    attributes: responseAttributes(endpoint, answer.service_tier),
    messages: () => responseOutput(answer.output ?? [], reason ?? 'error'),
  };
}

/** The API has no finish reason: the status and the output say it. One that is not finished has none. */
function finishReasonOf({ status, incomplete_details: details, output }: ResponseAnswer): string | undefined {
  switch (status) {
    case 'queued':
    case 'in_progress':
      return undefined;
    case 'incomplete':
      return details?.reason === 'max_output_tokens' ? 'length' : (details?.reason ?? 'error');
    case 'completed':
      return output?.some(({ type }) => type === 'function_call' || type === 'custom_tool_call') ? 'tool_call' : 'stop';
    default:
      return 'error';
  }
}

function failureIn(answer: ResponseAnswer): Failure | undefined {
  if (answer.status === 'failed') return { type: codeOf(answer.error?.code) ?? 'failed' };
  return streamFailure(answer);
}

function streamFailure({ streamError }: ResponseAnswer): Failure | undefined {
  return streamError && { type: codeOf(streamError.code) ?? 'error' };
}

function usageOf(usage: Wire<ResponseUsage> | null | undefined): Usage | undefined {
  if (usage === null || usage === undefined) return undefined;
  return {
    inputTokens: usage.input_tokens ?? undefined,
    outputTokens: usage.output_tokens ?? undefined,
    cacheReadTokens: usage.input_tokens_details?.cached_tokens ?? undefined,
    cacheWriteTokens: usage.input_tokens_details?.cache_write_tokens ?? undefined,
    reasoningTokens: usage.output_tokens_details?.reasoning_tokens ?? undefined,
  };
}
