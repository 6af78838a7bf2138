import { context as contextApi, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Context, Span } from '@opentelemetry/api';
import { said, setAll } from './attributes.js';
import { insideFamily } from './context/family.js';
import {
  ERROR_TYPE,
  EXCEPTION_MESSAGE,
  EXCEPTION_STACKTRACE,
  EXCEPTION_TYPE,
  GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
} from './conventions/names.generated.js';
import { reportFailure } from './guard.js';
import type { Metering } from './metrics.js';
import type { Collector, ContentWriter, Description, Failure, Operation, Outcome } from './operation.js';

/** An execution whose operation is of no interest: a follow only ends it. */
// oxlint-disable-next-line typescript/no-explicit-any -- the operation's types are erased here
export type AnyExecution = Execution<any, any, any>;

/**
 * One call that is being recorded. Its first ending wins; later ones do nothing. No method throws for a reason of
 * telemetry.
 */
export class Execution<Input = unknown, Output = unknown, Chunk = never> {
  /** Whether anybody looks at how the call goes on: when not, nothing needs to be followed or collected. */
  readonly observed: boolean;
  readonly #operation: Operation<Input, Output, Chunk>;
  readonly #input: Input;
  readonly #started: Attributes;
  readonly #span: Span | undefined;
  readonly #recording: boolean;
  readonly #base: Context;
  readonly #metering: Metering | undefined;
  readonly #content: ContentWriter | undefined;
  readonly #startTime: number;
  #context: Context | undefined;
  #collector: Collector<Chunk, Output> | undefined;
  #firstChunk: number | undefined;
  #ended = false;

  constructor(
    operation: Operation<Input, Output, Chunk>,
    input: Input,
    description: Description,
    span: Span | undefined,
    recording: boolean,
    base: Context,
    metering: Metering | undefined,
    content: ContentWriter | undefined,
  ) {
    this.#operation = operation;
    this.#input = input;
    this.#started = description.attributes;
    this.#span = span;
    this.#recording = recording;
    this.#base = base;
    this.#metering = metering;
    this.#content = content;
    this.observed = recording || metering !== undefined;
    // A first chunk needs the clock too, but only operations with a collector have chunks.
    const clocked = metering !== undefined || operation.collect !== undefined;
    this.#startTime = clocked ? performance.now() - age(description) : 0;
  }

  /** The span, for what no operation can say: events, links. Not recording when the trace is not sampled. */
  get span(): Span | undefined {
    return this.#span;
  }

  /** The context in which the span is active. Made when first asked for: a leaf call has no use for it. */
  get context(): Context {
    if (this.#context === undefined) {
      const { family } = this.#operation;
      const active = this.#span === undefined ? this.#base : trace.setSpan(this.#base, this.#span);
      this.#context = family === undefined ? active : insideFamily(active, family);
    }
    return this.#context;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Runs the call itself: with the span active when other spans can start inside. What it throws passes through. */
  run<T>(call: () => T): T {
    return this.#operation.nests === true && this.#span !== undefined ? contextApi.with(this.context, call) : call();
  }

  /** Adds what becomes known while the call runs: the server that was chosen, an attempt. */
  set(attributes: Attributes): void {
    if (this.#ended) return;
    try {
      Object.assign(this.#started, said(attributes));
      if (this.#recording) setAll(this.#span as Span, attributes);
    } catch (error) {
      reportFailure('setting attributes', error);
    }
  }

  /** Adds an event to the span. */
  event(name: string, attributes?: Attributes): void {
    if (this.#ended || !this.#recording) return;
    try {
      this.#span?.addEvent(name, attributes);
    } catch (error) {
      reportFailure('adding an event', error);
    }
  }

  /** Takes one chunk of a stream. */
  chunk(chunk: Chunk): void {
    if (this.#ended || !this.observed) return;
    try {
      this.#collector ??= this.#operation.collect?.(this.#input);
      if (this.#collector?.add(chunk) === true) this.#firstChunk ??= performance.now();
    } catch (error) {
      reportFailure('collecting a stream', error);
    }
  }

  /** The call answered. Without an output, what its chunks add up to counts. */
  succeed(output?: Output): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#end(output === undefined ? this.#collected() : output, undefined);
  }

  /** The call failed; what had arrived of a stream is kept. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#end(this.#collected(), this.#failure(error), error);
  }

  /** The caller gave the call up: left a stream early, aborted. No error; what had arrived is kept. */
  cancel(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#end(this.#collected(), { type: 'cancelled', cancelled: true });
  }

  #collected(): Output | undefined {
    if (!this.observed) return undefined;
    try {
      return this.#collector?.result();
    } catch (error) {
      reportFailure('collecting a stream', error);
      return undefined;
    }
  }

  /** Tests of programs replace the clock while calls are under way, and histograms drop what is below zero. */
  #secondsUntil(now: number): number {
    return Math.max(0, now - this.#startTime) / 1000;
  }

  #failure(error: unknown): Failure {
    try {
      return this.#operation.failure?.(error, this.#input) ?? plainFailure(error);
    } catch (failed) {
      reportFailure('describing an error', failed);
      return { type: '_OTHER' };
    }
  }

  #end(output: Output | undefined, failure: Failure | undefined, error?: unknown): void {
    try {
      if (this.observed) this.#record(output, failure, error);
    } catch (failed) {
      reportFailure('ending a span', failed);
    }
    try {
      this.#span?.end();
    } catch (failed) {
      reportFailure('ending a span', failed);
    }
  }

  #record(output: Output | undefined, thrown: Failure | undefined, error: unknown): void {
    const span = this.#recording ? this.#span : undefined;
    let outcome: Outcome | undefined;
    try {
      outcome = output === undefined ? undefined : this.#operation.outcome?.(output, this.#input, this.#content);
    } catch (failed) {
      reportFailure('describing an answer', failed);
    }
    const failure = thrown ?? outcome?.failure;
    const errorType = failure === undefined || failure.cancelled === true ? undefined : failure.type;
    const timeToFirstChunk = this.#firstChunk === undefined ? undefined : this.#secondsUntil(this.#firstChunk);

    if (span !== undefined) {
      if (outcome !== undefined) {
        setAll(span, outcome.attributes);
        if (outcome.name !== undefined) span.updateName(outcome.name);
      }
      if (timeToFirstChunk !== undefined) span.setAttribute(GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, timeToFirstChunk);
      if (failure !== undefined) recordFailure(span, failure, error);
    }
    if (this.#metering !== undefined && this.#operation.measure !== undefined) {
      this.#operation.measure(
        {
          input: this.#input,
          output,
          attributes: { ...this.#started, ...outcome?.attributes, ...failure?.attributes },
          errorType,
          duration: this.#secondsUntil(performance.now()),
          timeToFirstChunk,
        },
        this.#metering,
      );
    }
  }
}

/** Milliseconds since a call began that is described only now. */
function age({ startTime }: Description): number {
  return startTime === undefined ? 0 : Math.max(0, Date.now() - startTime);
}

function recordFailure(span: Span, failure: Failure, error: unknown): void {
  if (failure.attributes !== undefined) setAll(span, failure.attributes);
  if (failure.cancelled === true) {
    span.setAttribute('throughline.cancelled', true);
    return;
  }
  span.setAttribute(ERROR_TYPE, failure.type);
  span.setStatus({
    code: SpanStatusCode.ERROR,
    ...(failure.message !== undefined && { message: failure.message }),
  });
  if (error === undefined) return;
  span.addEvent('exception', {
    [EXCEPTION_TYPE]: errorClass(error),
    ...(failure.message !== undefined && { [EXCEPTION_MESSAGE]: failure.message }),
    ...(error instanceof Error && { [EXCEPTION_STACKTRACE]: frames(error) }),
  });
}

/** A stack without its message, which can quote what the program sent. */
function frames(error: Error): string {
  const stack = String(error.stack);
  const message = stack.indexOf(error.message);
  return (message === -1 ? stack : stack.slice(message + error.message.length))
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .join('\n');
}

/**
 * The failure of an error that its operation does not know: class or code. Only the message of a system error
 * (`connect ECONNREFUSED 127.0.0.1:6379`) is known to hold nothing of the program's.
 */
export function plainFailure(error: unknown): Failure {
  if (isAbort(error)) return { type: 'AbortError', cancelled: true };
  if (!(error instanceof Error)) return { type: typeof error === 'object' ? '_OTHER' : typeof error };
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  return {
    type: typeof code === 'string' && code !== '' ? code : errorClass(error),
    ...(typeof syscall === 'string' && { message: error.message }),
  };
}

/** An abort by the caller; a time-out (`TimeoutError`) is none. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

export function errorClass(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return error.name !== 'Error' && error.name !== '' ? error.name : error.constructor.name;
}
