import type { Attributes } from '@opentelemetry/api';
import { said } from '@throughline/core';
import type { Endpoint } from './endpoint.js';

/** What only OpenAI itself has of a request; other providers get no `openai.*`. */
export function requestAttributes(
  { provider }: Endpoint,
  apiType: 'chat_completions' | 'responses',
  serviceTier?: string | null,
): Attributes | undefined {
  if (provider !== 'openai') return undefined;
  return said({
    'openai.api.type': apiType,
    'openai.request.service_tier': serviceTier === null || serviceTier === 'auto' ? undefined : serviceTier,
  });
}

/** What only OpenAI itself has of an answer. */
export function responseAttributes(
  { provider }: Endpoint,
  serviceTier?: string | null,
  systemFingerprint?: string | null,
): Attributes | undefined {
  if (provider !== 'openai') return undefined;
  return said({
    'openai.response.service_tier': serviceTier ?? undefined,
    'openai.response.system_fingerprint': systemFingerprint ?? undefined,
  });
}
