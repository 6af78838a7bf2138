/* oxlint-disable no-underscore-dangle -- the driver has no other names for it */
import type { Attributes } from '@opentelemetry/api';
import { endWhenDropped, guard, warnOnce } from '@throughline/core';
import type { Follow } from '@throughline/core';
import { destinationAttributes, reasonOf } from './describe.js';
import { parseHostPort } from './driver.js';
import type { ResultInternals, ResultStream } from './driver.js';
import type { Metadata } from './metadata.js';

/** What a server answered to a query. */
export interface Answer {
  /** Those that arrived, whether the program looked at them or not. */
  readonly rows: number;
  readonly metadata: Metadata;
}

/** Who is told how a query goes: an execution, for one. */
export interface Listener {
  set(attributes: Attributes): void;
  event(name: string, attributes?: Attributes): void;
  succeed(answer?: Answer): void;
  fail(error: unknown): void;
  cancel(): void;
}

/** A result is over when the server's answer is, in whatever way the program consumes it, and if it never does. */
export const whenConsumed: Follow = (returned, execution) => {
  watch(returned as ResultInternals, execution, false);
  return returned;
};

/** The same where the server is chosen after the call began. */
export const whenRoutedAndConsumed: Follow = (returned, execution) => {
  watch(returned as ResultInternals, execution, true);
  return returned;
};

/** How one answer is watched. The methods that are put on its stream are the same for all, which is cheaper. */
interface Watch extends Pick<ResultStream, 'onNext' | '_handleHasMore' | '_afterComplete' | '_afterError'> {
  readonly result: ResultInternals;
  readonly sent: Promise<ResultStream>;
  listener: Listener;
  rows: number;
  /** Told when nobody will read the result any more. It must not lead to the result: that would never be collected. */
  unread: Pick<Listener, 'cancel'>;
  canBeDropped: boolean;
}

const WATCH = Symbol('throughline.watch');
type Watched = ResultStream & { [WATCH]: Watch };

/**
 * Watches the stream behind a result and leaves the result alone. A subscription to it could not count rows without
 * taking them from their reader, and would count as a reader itself, for which the driver asks the server for more. The
 * stream is there before anything of the answer is.
 */
export function watch(result: ResultInternals, listener: Listener, isRouted: boolean): void {
  const sent = result._streamObserverPromise;
  if (sent === undefined) {
    warnOnce('neo4j: the shape of a Result is not known; its span says nothing about the answer');
    listener.succeed();
    return;
  }
  sent.then(
    (stream) =>
      guard('watching a Neo4j result', () => {
        const server = stream._server?.address;
        if (isRouted && server !== undefined) listener.set(destinationAttributes({ server: parseHostPort(server) }));
        watchStream(stream, result, sent, listener);
      }),
    (error: unknown) => {
      listener.fail(error);
    },
  );
}

function watchStream(
  stream: ResultStream,
  result: ResultInternals,
  sent: Promise<ResultStream>,
  listener: Listener,
): void {
  if (stream._error !== null && stream._error !== undefined) {
    listener.fail(stream._error);
    return;
  }
  if (stream._tail !== null && stream._tail !== undefined) {
    listener.succeed({ rows: 0, metadata: stream._tail });
    return;
  }
  const { onNext, _handleHasMore, _afterComplete, _afterError } = stream;
  const watching: Watch = {
    onNext,
    _handleHasMore,
    _afterComplete,
    _afterError,
    result,
    sent,
    listener,
    rows: 0,
    unread: listener,
    canBeDropped: false,
  };
  const watched = stream as Watched;
  watched[WATCH] = watching;
  watched.onNext = countRow;
  watched._handleHasMore = wait;
  watched._afterComplete = complete;
  watched._afterError = fail;
  // All of an answer comes by itself, unless it is of several fetches or waits for a reader from the beginning.
  if (_handleHasMore === undefined || stream._pulled !== true) mayBeDropped(watching);
}

function countRow(this: Watched, record: unknown): void {
  const watching = this[WATCH];
  watching.rows += 1;
  watching.onNext.call(this, record);
}

function wait(this: Watched, metadata: unknown): unknown {
  mayBeDropped(this[WATCH]);
  return this[WATCH]._handleHasMore?.call(this, metadata);
}

function complete(this: Watched, metadata: Metadata): unknown {
  const { listener, rows } = this[WATCH];
  forget(this[WATCH]);
  listener.succeed({ rows, metadata });
  return this[WATCH]._afterComplete?.call(this, metadata);
}

const NOBODY: Listener = { set() {}, event() {}, succeed() {}, fail() {}, cancel() {} };

/** A session keeps its results for as long as it is open: their spans need not stay with them. */
function forget(watching: Watch): void {
  watching.listener = NOBODY;
  watching.unread = NOBODY;
}

/** Readers were told before; it is a reader that has driver 6.3 send the query again. */
function fail(this: Watched, error: unknown): unknown {
  const watching = this[WATCH];
  guard('following a Neo4j error', () => {
    if (isSentAgain(watching, error)) return;
    if (canBeSentAgain(this, error)) waitForReader(this, error);
    else endWith(error, watching);
  });
  return watching._afterError?.call(this, error);
}

/** Whether a query that failed before anything of an answer came was sent again; its next answer is watched then. */
function isSentAgain(watching: Watch, error: unknown): boolean {
  const { result, sent, listener } = watching;
  if (result._streamObserverPromise === sent) return false;
  forget(watching);
  listener.event('neo4j.retry', { 'neo4j.retry.reason': reasonOf(error) });
  watch(result, listener, true);
  return true;
}

/** A result that nobody reads yet may be sent again once somebody does. */
function canBeSentAgain({ [WATCH]: { result }, _runError: isRunError }: Watched, error: unknown): boolean {
  return (
    result._retry !== undefined &&
    result._retriedError === undefined &&
    isRunError === true &&
    (error as { diagnosticRecord?: { _idempotent?: unknown } }).diagnosticRecord?._idempotent === true
  );
}

function endWith(error: unknown, watching: Watch): void {
  const { listener } = watching;
  forget(watching);
  listener.fail(error);
}

function waitForReader(stream: Watched, error: unknown): void {
  const { subscribe } = stream;
  stream.subscribe = function (reader) {
    subscribe.call(this, reader);
    if (!isSentAgain(stream[WATCH], error)) endWith(error, stream[WATCH]);
  };
  stream[WATCH].unread = failed(stream[WATCH].listener, error);
  mayBeDropped(stream[WATCH]);
}

/** A query that failed before anybody read it is an error, not a call that was given up. */
function failed(listener: Pick<Listener, 'fail'>, error: unknown): Watch['unread'] {
  return {
    cancel() {
      listener.fail(error);
    },
  };
}

function mayBeDropped(watching: Watch): void {
  if (watching.canBeDropped) return;
  watching.canBeDropped = true;
  endWhenDropped(watching.result, watching.unread);
}

/** Ends the spans of results that a session left unread: the driver tells them nothing any more. */
export function cancelUnread(results: readonly ResultInternals[]): void {
  for (const { _streamObserverPromise: sent } of results) {
    sent?.then(
      (stream: Partial<Watched>) => stream[WATCH]?.unread.cancel(),
      () => {},
    );
  }
}
