export { adapter } from './adapter.js';
export type { Adapter, AdapterDefinition } from './adapter.js';
export { said } from './attributes.js';
export { enabledRule } from './configuration/common.js';
export type { CommonOptions, CommonSettings } from './configuration/common.js';
export { callback, choice, flag, parseFlag, splitList, text, texts, wholeNumber } from './configuration/option.js';
export type { EnvironmentName, OptionRule, OptionRules } from './configuration/option.js';
export { resolveOptions } from './configuration/resolve.js';
export type { Resolved, Source } from './configuration/resolve.js';
export { withCaptureContent } from './content.js';
export type { ContentPolicy, Redact } from './content.js';
export { claimModelCall, declareProvider, isProviderTraced, offerModelCall } from './context/model-call.js';
export type { ModelCall } from './context/model-call.js';
export {
  currentSpanId,
  currentTraceId,
  extract,
  inject,
  isTracingEnabled,
  traceFields,
  withBaggage,
  withContext,
} from './context/propagation.js';
export type { TraceFields } from './context/propagation.js';
export { isSuppressed, suppress } from './context/suppression.js';
export { frameworkOperation } from './conventions/agent.js';
export type {
  AgentCall,
  FrameworkCall,
  FrameworkOperation,
  FrameworkResult,
  RetrievalCall,
  StepCall,
  ToolCall,
  WorkflowCall,
} from './conventions/agent.js';
export { connectionPool } from './conventions/connection-pool.js';
export type { ConnectionPool, PoolState } from './conventions/connection-pool.js';
export { databaseOperation } from './conventions/database.js';
export type { DatabaseCall, DatabaseFailure, DatabaseOperation, DatabaseResult } from './conventions/database.js';
export { generationOperation, requestAttributes } from './conventions/generation.js';
export type {
  GenerationCall,
  GenerationOperation,
  GenerationRequest,
  GenerationResult,
  Usage,
} from './conventions/generation.js';
export { httpOperation } from './conventions/http.js';
export type {
  HeaderReader,
  HttpCall,
  HttpCapture,
  HttpClientCall,
  HttpOperation,
  HttpResult,
  HttpServerCall,
} from './conventions/http.js';
export { parseArguments } from './conventions/messages.js';
export type { Message, MessagePart, OutputMessage, ToolDefinition } from './conventions/messages.js';
export { serverOf } from './conventions/server-address.js';
export type { ServerAddress } from './conventions/server-address.js';
export { queryRule, redactUrl } from './conventions/url.js';
export type { QueryRule } from './conventions/url.js';
export { Execution, isAbort, plainFailure } from './execution.js';
export type { AnyExecution } from './execution.js';
export type { Follow } from './follow/follow.js';
export { endWhenDropped, observeIterator } from './follow/when-iterated.js';
export { whenParsed } from './follow/when-parsed.js';
export { whenReturned, whenSettled } from './follow/when-settled.js';
export { guard, reportFailure, warnOnce } from './guard.js';
export { instrumentAll } from './instrument-all.js';
export type { Instrumented, InstrumentAllOptions } from './instrument-all.js';
export type { AdapterInstrumentation, Conflict, InstrumentationConfig } from './instrumentation.js';
export { builtin, published } from './loading/library-target.js';
export type { LibraryTarget, PublishedTarget } from './loading/library-target.js';
export { module } from './loading/module-target.js';
export type { ModuleCopy, ModuleTarget } from './loading/module-target.js';
export type { LibraryState, Sighting } from './loading/sighting.js';
export type { Completion, MetricDefinition, Metering } from './metrics.js';
export type { Collector, ContentWriter, Description, Failure, Operation, Outcome } from './operation.js';
export type { AnyFunction } from './patch.js';
export type { Report } from './report.js';
export { all, channel, followed, intercept, listen, method } from './target.js';
export type { Call, CallOf, MethodName, Target } from './target.js';
export type { Telemetry } from './telemetry.js';
