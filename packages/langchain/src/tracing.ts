import type { Telemetry } from '@throughline/core';
import type { ModelOperations } from './model-operation.js';
import type { SpanChoice } from './options.js';

/** What the hooks of one instrumentation share. */
export interface Tracing {
  readonly telemetry: Telemetry;
  readonly spans: SpanChoice;
  readonly modelOperations: ModelOperations;
}
