import type { Attributes, Context, Link, SpanKind } from '@opentelemetry/api';
import type { Completion, Metering } from './metrics.js';

/**
 * What a call means: pure functions from a call to a name and attributes. No span, no context, no clock.
 * Adapters do not write operations by hand; they get them from a convention such as `databaseOperation`.
 */
export interface Operation<Input, Output = unknown, Chunk = never> {
  /** Inside an active operation of the same family no second one is recorded. */
  readonly family?: string;
  /** Other spans can start inside the call, so the span is made active while it runs. Off for leaf calls: it costs 0.6 µs. */
  readonly nests?: boolean;
  /** Outside of any span the call gets none of its own; metrics count it all the same. */
  readonly needsParent?: boolean;
  /** `undefined` leaves the call untraced. `active` is the context under which it would start. */
  describe(input: Input, content: ContentWriter | undefined, active: Context): Description | undefined;
  /** What the answer adds. For a stream left early, `output` is what had arrived. */
  outcome?(output: Output, input: Input, content: ContentWriter | undefined): Outcome | undefined;
  /** How a failure is named. Without it the error's class, or its `code`, is used and its message is not recorded. */
  failure?(error: unknown, input: Input): Failure;
  /** Folds the chunks of a stream into what a plain call would have returned. */
  collect?(input: Input): Collector<Chunk, Output>;
  /** Records metrics; called once per call, and only while a meter provider is registered. */
  measure?(completion: Completion<Input, Output>, metering: Metering): void;
}

export interface Description {
  readonly name: string;
  readonly kind: SpanKind;
  /** Given when the span starts: all that a sampler sees. */
  readonly attributes: Attributes;
  /** Set on a recording span only, after it has started; a function, so that nothing is built otherwise. */
  readonly details?: () => Attributes | undefined;
  readonly links?: Link[];
  /** When the call began, for one that is described only later: milliseconds since 1970. Now, by default. */
  readonly startTime?: number;
  /** The context under which the span starts and its children run, when it is not the active one. */
  readonly within?: Context;
}

/** What an answer adds to the span. `failure` marks a call as failed although the program saw no error. */
export interface Outcome {
  readonly attributes: Attributes;
  readonly name?: string;
  readonly failure?: Failure;
}

/** A failed call. */
export interface Failure {
  /** `error.type`: of few different values, so an error class, a code or a status. */
  readonly type: string;
  /** The status description. Leave it out where the text can quote what the program sent. */
  readonly message?: string | undefined;
  readonly attributes?: Attributes;
  /** The caller gave the call up on purpose: the span is no error. */
  readonly cancelled?: boolean;
}

export interface Collector<Chunk, Output> {
  /** Takes one chunk. Answers true when the chunk carries content, so that the first one can be timed. */
  add(chunk: Chunk): boolean;
  result(): Output;
}

/** Writes message content; handed to an operation only while the capture of content is on. */
export interface ContentWriter {
  /** A JSON text within the length limit and redacted, or `undefined` when the redactor failed. */
  json(value: unknown, where: string): string | undefined;
  /** A text within the length limit and redacted, or `undefined` when the redactor failed. */
  text(value: string, where: string): string | undefined;
}
