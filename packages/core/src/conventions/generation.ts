import { SpanKind } from '@opentelemetry/api';
import type { Attributes } from '@opentelemetry/api';
import { pick, said } from '../attributes.js';
import { claimModelCall } from '../context/model-call.js';
import { plainFailure } from '../execution.js';
import { guard } from '../guard.js';
import type { Completion, Metering } from '../metrics.js';
import type { Collector, ContentWriter, Failure, Operation } from '../operation.js';
import type { Message, MessagePart, OutputMessage, ToolDefinition } from './messages.js';
import * as names from './names.generated.js';
import type { ServerAddress } from './server-address.js';

/**
 * A call of a model, in no vendor's words. `speech`, `transcription`, `translation`, `image` and `moderation` are our
 * own names: the conventions have none for them and allow custom ones.
 */
export interface GenerationCall {
  readonly operation:
    | 'chat'
    | 'text_completion'
    | 'generate_content'
    | 'embeddings'
    | 'fetch_response'
    | 'speech'
    | 'transcription'
    | 'translation'
    | 'image'
    | 'moderation';
  /** A value of `gen_ai.provider.name`: `openai`, `azure.ai.openai`. */
  readonly provider: string;
  readonly model?: string | undefined;
  readonly server?: ServerAddress | undefined;
  /** The model runs in this process. */
  readonly local?: boolean | undefined;
  readonly request?: GenerationRequest | undefined;
  /** What only this provider has, under names of its own: `openai.api.type`. */
  readonly attributes?: Attributes | undefined;
  /** Called only while content is captured. */
  readonly messages?: (() => readonly Message[]) | undefined;
  /** Only where the API takes them apart from the history. Called only while content is captured. */
  readonly systemInstructions?: (() => readonly MessagePart[]) | undefined;
  /** Called only while content is captured. */
  readonly tools?: (() => readonly ToolDefinition[]) | undefined;
}

export interface GenerationRequest {
  readonly maxTokens?: number | undefined;
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly topK?: number | undefined;
  readonly frequencyPenalty?: number | undefined;
  readonly presencePenalty?: number | undefined;
  readonly stopSequences?: readonly string[] | undefined;
  readonly seed?: number | undefined;
  readonly choiceCount?: number | undefined;
  readonly stream?: boolean | undefined;
  readonly reasoningLevel?: string | undefined;
  readonly outputType?: 'text' | 'json' | 'image' | 'speech' | undefined;
  readonly previousResponseId?: string | undefined;
  /** Only one that the program or the provider gave, never an invented one. */
  readonly conversationId?: string | undefined;
  readonly encodingFormats?: readonly string[] | undefined;
  readonly dimensions?: number | undefined;
}

/** What a model answered. */
export interface GenerationResult {
  readonly id?: string | undefined;
  readonly model?: string | undefined;
  /** One for each choice, in order; `error` where one was expected and did not come. */
  readonly finishReasons?: readonly string[] | undefined;
  readonly usage?: Usage | undefined;
  /** `gen_ai.response.status` of a fetched response. */
  readonly status?: string | undefined;
  readonly dimensions?: number | undefined;
  readonly attributes?: Attributes | undefined;
  /** Called only while content is captured. */
  readonly messages?: (() => readonly OutputMessage[]) | undefined;
  /** The provider reports a failure inside an answer. */
  readonly failure?: Failure | undefined;
}

/** Tokens. Totals include their parts: input has cache reads and writes, output has reasoning. */
export interface Usage {
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly cacheReadTokens?: number | undefined;
  readonly cacheWriteTokens?: number | undefined;
  readonly reasoningTokens?: number | undefined;
  readonly audioInputTokens?: number | undefined;
  readonly audioOutputTokens?: number | undefined;
  readonly imageInputTokens?: number | undefined;
  readonly imageOutputTokens?: number | undefined;
  readonly textInputTokens?: number | undefined;
  readonly textOutputTokens?: number | undefined;
}

export interface GenerationOperation<Input, Output, Chunk> {
  readonly conventions: 'latest' | 'legacy';
  call(input: Input): GenerationCall | undefined;
  result?(output: Output, input: Input): GenerationResult | undefined;
  /** The provider's own view of an error. Leave its `message` out where it can quote what the program sent. */
  failure?(error: unknown, input: Input): Failure | undefined;
  collect?(input: Input): Collector<Chunk, Output>;
}

/**
 * A call of a model by its client library (GenAI conventions, in development): it owns tokens, metrics and content.
 * Inside another one nothing is recorded, and an offered call of a framework is claimed (`context/model-call.ts`).
 */
export function generationOperation<Input, Output = unknown, Chunk = never>(
  of: GenerationOperation<Input, Output, Chunk>,
): Operation<Input, Output, Chunk> {
  return {
    family: 'generation',
    nests: true,
    describe(input, content, active) {
      const call = of.call(input);
      if (call === undefined) return undefined;
      return {
        name:
          call.model === undefined || call.operation === 'fetch_response'
            ? call.operation
            : `${call.operation} ${call.model}`,
        within: claimModelCall(active, call.provider),
        kind: call.local === true ? SpanKind.INTERNAL : SpanKind.CLIENT,
        attributes: startAttributes(call),
        details: () => ({
          ...requestAttributes(call.request ?? {}),
          ...call.attributes,
          ...(content !== undefined && contentOf(call, content)),
        }),
      };
    },
    outcome(output, input, content) {
      const result = of.result?.(output, input);
      if (result === undefined) return undefined;
      const attributes = resultAttributes(result, of.conventions);
      if (content !== undefined && result.messages !== undefined) {
        const text = written(content, names.GEN_AI_OUTPUT_MESSAGES, result.messages);
        if (text !== undefined) attributes[names.GEN_AI_OUTPUT_MESSAGES] = text;
      }
      return { attributes, ...(result.failure !== undefined && { failure: result.failure }) };
    },
    failure: (error, input) => of.failure?.(error, input) ?? plainFailure(error),
    ...(of.collect !== undefined && {
      collect: (input: Input) => (of.collect as NonNullable<typeof of.collect>)(input),
    }),
    measure(completion, metering) {
      measureGeneration(completion, metering, of.conventions);
    },
  };
}

function startAttributes({ operation, provider, model, server }: GenerationCall): Attributes {
  return said({
    [names.GEN_AI_OPERATION_NAME]: operation,
    [names.GEN_AI_PROVIDER_NAME]: provider,
    [names.GEN_AI_REQUEST_MODEL]: model,
    [names.SERVER_ADDRESS]: server?.address,
    [names.SERVER_PORT]: server?.port,
  });
}

/** `gen_ai.request.*` of a request. A framework that shows the call too uses the same. */
export function requestAttributes(request: GenerationRequest): Attributes {
  return said({
    [names.GEN_AI_REQUEST_MAX_TOKENS]: request.maxTokens,
    [names.GEN_AI_REQUEST_TEMPERATURE]: request.temperature,
    [names.GEN_AI_REQUEST_TOP_P]: request.topP,
    [names.GEN_AI_REQUEST_TOP_K]: request.topK,
    [names.GEN_AI_REQUEST_FREQUENCY_PENALTY]: request.frequencyPenalty,
    [names.GEN_AI_REQUEST_PRESENCE_PENALTY]: request.presencePenalty,
    [names.GEN_AI_REQUEST_STOP_SEQUENCES]: copied(request.stopSequences),
    [names.GEN_AI_REQUEST_SEED]: request.seed,
    [names.GEN_AI_REQUEST_CHOICE_COUNT]: request.choiceCount === 1 ? undefined : request.choiceCount,
    [names.GEN_AI_REQUEST_STREAM]: request.stream === true ? true : undefined,
    [names.GEN_AI_REQUEST_REASONING_LEVEL]: request.reasoningLevel,
    [names.GEN_AI_OUTPUT_TYPE]: request.outputType,
    [names.GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID]: request.previousResponseId,
    [names.GEN_AI_CONVERSATION_ID]: request.conversationId,
    [names.GEN_AI_REQUEST_ENCODING_FORMATS]: copied(request.encodingFormats),
    [names.GEN_AI_EMBEDDINGS_DIMENSION_COUNT]: request.dimensions,
  });
}

function copied(texts: readonly string[] | undefined): string[] | undefined {
  return texts === undefined ? undefined : [...texts];
}

function contentOf(call: GenerationCall, content: ContentWriter): Attributes {
  return said({
    [names.GEN_AI_SYSTEM_INSTRUCTIONS]: written(content, names.GEN_AI_SYSTEM_INSTRUCTIONS, call.systemInstructions),
    [names.GEN_AI_INPUT_MESSAGES]: written(content, names.GEN_AI_INPUT_MESSAGES, call.messages),
    [names.GEN_AI_TOOL_DEFINITIONS]: written(content, names.GEN_AI_TOOL_DEFINITIONS, call.tools),
  });
}

/** Content of a shape that cannot be read is left out; tokens and everything else stay. */
function written(
  content: ContentWriter,
  name: string,
  build: (() => readonly unknown[]) | undefined,
): string | undefined {
  return build && guard(`writing ${name}`, () => content.json(build(), name));
}

/** `gen_ai.response.*` and `gen_ai.usage.*` of an answer. */
function resultAttributes(result: GenerationResult, conventions: 'latest' | 'legacy'): Attributes {
  const { usage } = result;
  return said({
    [names.GEN_AI_RESPONSE_ID]: result.id,
    [names.GEN_AI_RESPONSE_MODEL]: result.model,
    [names.GEN_AI_RESPONSE_FINISH_REASONS]:
      result.finishReasons === undefined || result.finishReasons.length === 0 ? undefined : [...result.finishReasons],
    [names.GEN_AI_RESPONSE_STATUS]: result.status,
    [names.GEN_AI_EMBEDDINGS_DIMENSION_COUNT]: result.dimensions,
    [names.GEN_AI_USAGE_INPUT_TOKENS]: usage?.inputTokens,
    [names.GEN_AI_USAGE_OUTPUT_TOKENS]: usage?.outputTokens,
    [names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS]: usage?.cacheReadTokens,
    [names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS]: usage?.cacheWriteTokens,
    ...(conventions === 'legacy' && { 'gen_ai.usage.cache_creation.input_tokens': usage?.cacheWriteTokens }),
    [names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS]: usage?.reasoningTokens,
    [names.GEN_AI_USAGE_AUDIO_INPUT_TOKENS]: usage?.audioInputTokens,
    [names.GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS]: usage?.audioOutputTokens,
    [names.GEN_AI_USAGE_IMAGE_INPUT_TOKENS]: usage?.imageInputTokens,
    [names.GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS]: usage?.imageOutputTokens,
    [names.GEN_AI_USAGE_TEXT_INPUT_TOKENS]: usage?.textInputTokens,
    [names.GEN_AI_USAGE_TEXT_OUTPUT_TOKENS]: usage?.textOutputTokens,
    ...result.attributes,
  });
}

const METRIC_KEYS = [
  names.GEN_AI_OPERATION_NAME,
  names.GEN_AI_PROVIDER_NAME,
  names.GEN_AI_REQUEST_MODEL,
  names.GEN_AI_RESPONSE_MODEL,
  names.SERVER_ADDRESS,
  names.SERVER_PORT,
];

/** Operations whose duration and tokens go to the inference metrics; the rest has `gen_ai.client.operation.duration`. */
const INFERENCE = new Set(['chat', 'text_completion', 'generate_content']);

/** The GenAI client metrics of a finished call. */
function measureGeneration(
  { attributes, errorType, duration, timeToFirstChunk }: Completion<unknown, unknown>,
  metering: Metering,
  conventions: 'latest' | 'legacy',
): void {
  const dimensions = pick(attributes, METRIC_KEYS);
  const timed = errorType === undefined ? dimensions : { ...dimensions, [names.ERROR_TYPE]: errorType };
  const inference = INFERENCE.has(String(attributes[names.GEN_AI_OPERATION_NAME]));
  const legacy = conventions === 'legacy';
  if (inference) metering.record(names.METRIC_GEN_AI_CLIENT_INFERENCE_DURATION, duration, timed);
  if (!inference || legacy) metering.record(names.METRIC_GEN_AI_CLIENT_OPERATION_DURATION, duration, timed);
  if (!inference) return;

  if (timeToFirstChunk !== undefined) {
    metering.record(names.METRIC_GEN_AI_CLIENT_INFERENCE_TIME_TO_FIRST_CHUNK, timeToFirstChunk, dimensions);
    if (legacy) {
      metering.record(names.METRIC_GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK, timeToFirstChunk, dimensions);
    }
  }
  for (const { key, counter, histogram, type } of TOKEN_METRICS) {
    const tokens = attributes[key];
    if (typeof tokens !== 'number') continue;
    metering.record(counter, tokens, { ...dimensions, [names.GEN_AI_TOKEN_MODALITY]: 'unknown' });
    if (histogram !== undefined) metering.record(histogram, tokens, timed);
    if (legacy && type !== undefined) {
      metering.record(names.METRIC_GEN_AI_CLIENT_TOKEN_USAGE, tokens, { ...dimensions, 'gen_ai.token.type': type });
    }
  }
}

const TOKEN_METRICS = [
  {
    key: names.GEN_AI_USAGE_INPUT_TOKENS,
    counter: names.METRIC_GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS,
    histogram: names.METRIC_GEN_AI_CLIENT_INFERENCE_OPERATION_INPUT_TOKENS,
    type: 'input',
  },
  {
    key: names.GEN_AI_USAGE_OUTPUT_TOKENS,
    counter: names.METRIC_GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS,
    histogram: names.METRIC_GEN_AI_CLIENT_INFERENCE_OPERATION_OUTPUT_TOKENS,
    type: 'output',
  },
  {
    key: names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
    counter: names.METRIC_GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_READ_INPUT_TOKENS,
  },
  {
    key: names.GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
    counter: names.METRIC_GEN_AI_CLIENT_INFERENCE_USAGE_CACHE_WRITE_INPUT_TOKENS,
  },
  {
    key: names.GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
    counter: names.METRIC_GEN_AI_CLIENT_INFERENCE_USAGE_REASONING_OUTPUT_TOKENS,
  },
];
