import { generationOperation } from '@throughline/core';
import type { CallOf, CommonSettings, Operation } from '@throughline/core';
import type { OpenAI } from 'openai';
import type { CreateEmbeddingResponse, EmbeddingCreateParams } from 'openai/resources/embeddings';
import { endpointOf, modelOf } from './endpoint.js';
import type { DescribeFailure } from './failure.js';
import type { Wire } from './wire.js';

type EmbeddingCall = CallOf<OpenAI.Embeddings, 'create'>;

/** `embeddings.create`. Neither the texts nor the vectors are recorded. */
export function embeddingsOperation(
  { conventions }: CommonSettings,
  failure: DescribeFailure,
): Operation<EmbeddingCall, Wire<CreateEmbeddingResponse>> {
  return generationOperation({
    conventions,
    failure,
    call({ self, args: [given] }) {
      const body: Wire<EmbeddingCreateParams> = given ?? {};
      return {
        ...endpointOf(self),
        operation: 'embeddings',
        model: modelOf(self, body.model),
        get request() {
          const { dimensions, encoding_format: format } = body;
          return { dimensions: dimensions ?? undefined, encodingFormats: format ? [format] : undefined };
        },
        get attributes() {
          return { 'throughline.embeddings.inputs': inputs(body.input) };
        },
      };
    },
    result: (answer) => ({
      model: answer.model ?? undefined,
      usage: { inputTokens: answer.usage?.prompt_tokens ?? undefined },
      dimensions: dimensionsOf(answer.data?.[0]?.embedding),
    }),
  });
}

/** How many vectors are asked for: a text and the tokens of a text give one. */
function inputs(input: unknown): number {
  return Array.isArray(input) && typeof input[0] !== 'number' ? input.length : 1;
}

/** A vector as numbers, or as the base64 of 32-bit floats that the program asked for. */
function dimensionsOf(vector: unknown): number | undefined {
  if (Array.isArray(vector)) return vector.length;
  return typeof vector === 'string' ? Buffer.byteLength(vector, 'base64') / 4 : undefined;
}
