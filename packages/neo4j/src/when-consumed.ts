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
  watch(returned as ResultInternals, execution);
  return returned;
};

const UNREAD = Symbol('throughline.unread');
type Watched = ResultStream & { [UNREAD]?: Unread };

/** Told when nobody will read a result any more. It must not lead to the result: it would never be collected. */
type Unread = Pick<Listener, 'cancel'>;

/**
 * Watches the stream behind a result and leaves the result alone. A subscription to it could not count rows without
 * taking them from their reader, and would count as a reader itself, for which the driver asks the server for more. The
 * stream is there before anything of the answer is.
 */
export function watch(result: ResultInternals, listener: Listener): void {
  const sent = result._streamObserverPromise;
  if (sent === undefined) {
    warnOnce('neo4j: the shape of a Result is not known; its span says nothing about the answer');
    listener.succeed();
    return;
  }
  const whenDropped = (unread: Unread): void => {
    endWhenDropped(result, unread);
  };
  sent.then(
    (stream) =>
      guard('watching a Neo4j result', () =>
        watchStream(stream, listener, retriesOf(result, sent, listener), whenDropped),
      ),
    (error: unknown) => {
      listener.fail(error);
    },
  );
}

/** How driver 6.3 sends an auto-commit query again that failed before anything of an answer came. */
interface Retries {
  /** It is a reader of the result that does, so that a result which nobody reads yet may be sent again later. */
  mayCome(stream: ResultStream, error: unknown): boolean;
  /** Follows the answer to the query that was sent again. False when it was not. */
  followed(error: unknown): boolean;
}

function retriesOf(result: ResultInternals, sent: Promise<ResultStream>, listener: Listener): Retries {
  return {
    mayCome: (stream, error) =>
      result._retry !== undefined &&
      result._retriedError === undefined &&
      stream._runError === true &&
      (error as { diagnosticRecord?: { _idempotent?: unknown } }).diagnosticRecord?._idempotent === true,
    followed(error) {
      if (result._streamObserverPromise === sent) return false;
      listener.event('neo4j.retry', { 'neo4j.retry.reason': reasonOf(error) });
      watch(result, listener);
      return true;
    },
  };
}

function watchStream(
  stream: Watched,
  listener: Listener,
  retries: Retries,
  whenDropped: (unread: Unread) => void,
): void {
  const server = stream._server?.address;
  if (server !== undefined) listener.set(destinationAttributes({ server: parseHostPort(server) }));
  if (stream._error !== null && stream._error !== undefined) {
    listener.fail(stream._error);
    return;
  }
  let rows = 0;
  if (stream._tail !== null && stream._tail !== undefined) {
    listener.succeed({ rows, metadata: stream._tail });
    return;
  }
  stream[UNREAD] = listener;
  const { onNext, _afterComplete: afterComplete, _afterError: afterError, _handleHasMore: hasMore } = stream;
  stream.onNext = function (record) {
    rows += 1;
    onNext.call(this, record);
  };
  stream._afterComplete = function (metadata) {
    listener.succeed({ rows, metadata });
    return afterComplete?.call(this, metadata);
  };
  stream._afterError = function (error) {
    // Readers were told before.
    if (!retries.followed(error)) {
      if (retries.mayCome(stream, error)) whenDropped(waitForReader(stream, error, listener, retries));
      else listener.fail(error);
    }
    return afterError?.call(this, error);
  };
  // All of an answer comes by itself, unless it is of several fetches or waits for a reader from the beginning.
  let canBeDropped = false;
  const wait = (): void => {
    if (!canBeDropped) whenDropped(listener);
    canBeDropped = true;
  };
  if (hasMore === undefined || stream._pulled !== true) wait();
  stream._handleHasMore = function (metadata) {
    wait();
    return hasMore?.call(this, metadata);
  };
}

function waitForReader(stream: Watched, error: unknown, listener: Listener, retries: Retries): Unread {
  const { subscribe } = stream;
  stream.subscribe = function (reader) {
    subscribe.call(this, reader);
    if (!retries.followed(error)) listener.fail(error);
  };
  stream[UNREAD] = failed(error, listener);
  return stream[UNREAD];
}

/** A query that has failed before anybody read it is an error, not a call that was given up. */
function failed(error: unknown, listener: Pick<Listener, 'fail'>): Unread {
  return {
    cancel() {
      listener.fail(error);
    },
  };
}

/** Ends the spans of results that a session left unread: the driver tells them nothing any more. */
export function cancelUnread(results: readonly ResultInternals[]): void {
  for (const { _streamObserverPromise: sent } of results) {
    sent?.then(
      (stream: Watched) => stream[UNREAD]?.cancel(),
      () => {},
    );
  }
}
