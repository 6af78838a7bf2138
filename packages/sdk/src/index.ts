export { formatTrace } from './console-trace.js';
export type { TraceFormat } from './console-trace.js';
export type { ShownSpan } from './console-span.js';
export type { BatchOptions, ConsoleOptions, ExporterName, SamplingOptions, StartTracingOptions } from './options.js';
export { startTracing } from './start-tracing.js';
export type { Tracing } from './start-tracing.js';
