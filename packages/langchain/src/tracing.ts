import type { Telemetry } from '@throughline/core';
import type { SpanChoice } from './describe-chain.js';
import type { ModelOperations } from './model-operation.js';

/** What the hooks of one instrumentation share. */
export interface Tracing {
  readonly telemetry: Telemetry;
  readonly spans: SpanChoice;
  readonly modelOperations: ModelOperations;
}
