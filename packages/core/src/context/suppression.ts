import { createContextKey } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';

/** The key that `suppressTracing` of `@opentelemetry/core` sets; asking for the same name gives the same key. */
const SUPPRESS_TRACING = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

/** Inside `suppressTracing` there is no span, no metric and no log; the exporters' own requests run so. */
export function isSuppressed(context: Context): boolean {
  return context.getValue(SUPPRESS_TRACING) === true;
}

/** The context under which nothing is traced. */
export function suppress(context: Context): Context {
  return context.setValue(SUPPRESS_TRACING, true);
}
