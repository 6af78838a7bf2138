import type { Attributes } from '@opentelemetry/api';
import { said } from '@throughline/core';

/** What only OpenAI itself has of a request; other providers get no `openai.*`. */
export function requestAttributes(
  apiType: 'chat_completions' | 'responses',
  serviceTier: string | null | undefined,
): Attributes {
  return said({
    'openai.api.type': apiType,
    'openai.request.service_tier': serviceTier === null || serviceTier === 'auto' ? undefined : serviceTier,
  });
}

/** What only OpenAI itself has of an answer. */
export function responseAttributes(
  serviceTier: string | null | undefined,
  systemFingerprint?: string | null,
): Attributes {
  return said({
    'openai.response.service_tier': serviceTier ?? undefined,
    'openai.response.system_fingerprint': systemFingerprint ?? undefined,
  });
}
