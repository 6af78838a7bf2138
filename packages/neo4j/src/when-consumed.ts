/* oxlint-disable no-underscore-dangle -- the driver has no other names for it */
import type { Attributes } from '@opentelemetry/api';
import { endWhenDropped, guard, plainFailure, warnOnce } from '@throughline/core';
import type { Follow } from '@throughline/core';
import { DEFAULT_PORT, parseHostPort } from './driver.js';
import type { Metadata, ResultInternals, ResultStream } from './driver.js';

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
  endWhenDropped(returned as object, execution);
  return returned;
};

const LISTENER = Symbol('throughline.listener');
type Watched = ResultStream & { [LISTENER]?: Listener };

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
  const isRetried = (): boolean => result._streamObserverPromise !== sent;
  sent.then(
    (stream) =>
      guard('watching a Neo4j result', () => watchStream(stream, listener, isRetried, () => watch(result, listener))),
    (error: unknown) => {
      listener.fail(error);
    },
  );
}

function watchStream(stream: Watched, listener: Listener, isRetried: () => boolean, again: () => void): void {
  const server = stream._server?.address;
  if (server !== undefined) listener.set(serverAttributes(server));
  if (stream._error !== null && stream._error !== undefined) {
    listener.fail(stream._error);
    return;
  }
  let rows = 0;
  if (stream._tail !== null && stream._tail !== undefined) {
    listener.succeed({ rows, metadata: stream._tail });
    return;
  }
  stream[LISTENER] = listener;
  const { onNext, _afterComplete: afterComplete, _afterError: afterError } = stream;
  stream.onNext = function (record) {
    rows += 1;
    onNext.call(this, record);
  };
  stream._afterComplete = function (metadata) {
    listener.succeed({ rows, metadata });
    return afterComplete?.call(this, metadata);
  };
  stream._afterError = function (error) {
    // Readers are told first, and it is a reader that has the driver send an auto-commit query again.
    if (isRetried()) {
      listener.event('neo4j.retry', { 'neo4j.retry.reason': plainFailure(error).type });
      again();
    } else {
      listener.fail(error);
    }
    return afterError?.call(this, error);
  };
}

/** Ends the spans of results that a session left unread: the driver tells them nothing any more. */
export function cancelUnread(results: readonly ResultInternals[]): void {
  for (const { _streamObserverPromise: sent } of results) {
    sent?.then(
      (stream: Watched) => stream[LISTENER]?.cancel(),
      () => {},
    );
  }
}

/** Which server of a cluster was chosen is known only now. */
function serverAttributes(hostPort: string): Attributes {
  const { address, port } = parseHostPort(hostPort);
  return { 'server.address': address, ...(port !== DEFAULT_PORT && { 'server.port': port }) };
}
