import type { Telemetry } from '@throughline/core';
import type { ModelStart } from './describe-model.js';
import type { ModelSpan } from './model-operation.js';
import type { SpanChoice } from './options.js';

/** What the hooks of one instrumentation share. */
export interface Tracing {
  readonly telemetry: Telemetry;
  readonly spans: SpanChoice;
  modelSpan(start: ModelStart): ModelSpan;
}
