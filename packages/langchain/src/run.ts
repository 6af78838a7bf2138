import { context, createContextKey, trace } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { isSuppressed, offerModelCall } from '@throughline/core';
import type { AnyExecution, ModelCall, Operation, Telemetry } from '@throughline/core';

export type RunKind = 'agent' | 'workflow' | 'node' | 'chain' | 'model' | 'tool' | 'retriever';

/** One run, as LangChain calls it: an invocation of a model, a tool, a graph, a step of a chain. */
export interface Run {
  readonly kind: RunKind;
  readonly parent: Run | undefined;
  /** The agent on whose behalf it runs. */
  readonly agentName: string | undefined;
  /** Where code of the run runs. */
  context: Context;
  /** `undefined` for a run without a span of its own, and once it is over. */
  execution: AnyExecution | undefined;
  /** Starts the span of a model's call that is left to the client library, should that not record it. */
  late: (() => AnyExecution | undefined) | undefined;
  /** Runs of one call with several prompts, in their order. */
  readonly siblings: readonly Run[];
  /** By which the caller aborts it, where that is known. */
  readonly signal: AbortSignal | undefined;
  /** A model's call, which the client library below may claim. */
  readonly offer: ModelCall | undefined;
  /** How often each node was started, by its place in the graph. */
  attempts?: Map<string, number>;
}

/**
 * A method that is about to start its run. LangChain's callbacks do not say whose run starts: the object is left here
 * for them.
 */
export interface Frame {
  readonly kind: 'model' | 'tool' | 'retriever' | 'stream';
  readonly self: object;
  /** The run inside which the method runs. */
  within: Run | undefined;
  readonly started: Run[];
  /** By which the caller aborts a stream. */
  readonly signal?: AbortSignal | undefined;
  /** The id by which a model asked for a tool. */
  readonly callId?: string | undefined;
}

/** The innermost run, or the method that is about to start one inside it. */
const PLACE = createContextKey('throughline.langchain.place');

function isFrame(place: Run | Frame | undefined): place is Frame {
  return place !== undefined && 'started' in place;
}

/** The run whose code is running. */
export function activeRun(active: Context = context.active()): Run | undefined {
  const place = active.getValue(PLACE) as Run | Frame | undefined;
  return isFrame(place) ? place.within : place;
}

/** The method whose run a run of this kind is. A stream starts one run of any kind, the others as many as they have prompts. */
export function frameFor(kind: RunKind): Frame | undefined {
  const place = context.active().getValue(PLACE) as Run | Frame | undefined;
  if (!isFrame(place)) return undefined;
  return place.kind === kind || (place.kind === 'stream' && place.started.length === 0) ? place : undefined;
}

export function newFrame(kind: Frame['kind'], self: object, more?: Pick<Frame, 'signal' | 'callId'>): Frame {
  return { kind, self, within: undefined, started: [], ...more };
}

export function inFrame<T>(frame: Frame, step: () => T): T {
  frame.within = activeRun();
  return context.with(context.active().setValue(PLACE, frame), step);
}

/** Runs code of a run. A span that the program opened inside the run stays active. */
export function inRun<T>(run: Run | undefined, step: () => T): T {
  return run === undefined || activeRun() === run ? step() : context.with(run.context, step);
}

export interface RunStart<Input> {
  readonly kind: RunKind;
  readonly parent: Run | undefined;
  readonly agentName: string | undefined;
  /** `undefined` for a run that is not shown: what runs in it belongs to the run around it. */
  readonly operation: Operation<Input, unknown, unknown> | undefined;
  readonly input: Input;
  readonly offer?: ModelCall | undefined;
  /** Whether the span is made only when the run is over and nobody claimed its call. */
  readonly late?: boolean;
}

/**
 * Starts a run in the caller's context. Its parent is what is active, if that lies inside the parent run: perhaps a span
 * that the program opened there. A parallel branch, a queue or a stream that is pulled from elsewhere runs under
 * something else: then the parent run itself is its parent.
 */
export function startRun<Input>(telemetry: Telemetry, start: RunStart<Input>): Run {
  const { kind, parent, agentName, operation, input, offer, late = false } = start;
  const active = context.active();
  const base = parent === undefined || activeRun(active) === parent || isSuppressed(active) ? active : parent.context;
  const frame = frameFor(kind);
  const begin = (): AnyExecution | undefined => operation && telemetry.start(operation, input, base);
  const execution = late ? undefined : begin();
  const run: Run = {
    kind,
    parent,
    agentName,
    context: base,
    execution,
    late: late ? begin : undefined,
    offer,
    signal: frame?.signal,
    siblings: frame?.started ?? [],
  };
  run.context = (execution?.context ?? base).setValue(PLACE, run);
  if (offer !== undefined) run.context = offerModelCall(run.context, offer);
  frame?.started.push(run);
  return run;
}

/** Ends a run once. What it leaves running finds its parent still, though not what the run had been given. */
export function endRun(run: Run | undefined, end: (execution: AnyExecution) => void): void {
  const execution = run?.execution ?? unclaimed(run);
  if (run === undefined || execution === undefined) return;
  run.execution = undefined;
  end(execution);
  if (execution.span !== undefined) run.context = trace.setSpanContext(run.context, execution.span.spanContext());
}

function unclaimed(run: Run | undefined): AnyExecution | undefined {
  const late = run?.late;
  if (run === undefined || late === undefined) return undefined;
  run.late = undefined;
  return run.offer?.claimedBy === undefined ? late() : undefined;
}

/** A run failed. LangGraph says of an abort no more than `Error: Abort`, and a program may abort with any reason. */
export function failRun(run: Run | undefined, error: unknown): void {
  const signal = run?.signal;
  if (signal?.aborted === true && (signal.reason as { name?: unknown } | undefined)?.name !== 'TimeoutError') {
    cancelRun(run);
    return;
  }
  endRun(run, (execution) => {
    execution.fail(error);
  });
}

/** The caller gave the run up. */
export function cancelRun(run: Run | undefined): void {
  endRun(run, (execution) => {
    execution.cancel();
  });
}

/** The nearest run with a span, from this one outwards. */
export function shownRun(run: Run | undefined): Run | undefined {
  let at = run;
  while (at !== undefined && at.execution === undefined) at = at.parent;
  return at;
}
