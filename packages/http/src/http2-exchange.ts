import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { plainFailure } from '@throughline/core';
import type { HttpResult, HttpServerCall } from '@throughline/core';
import { callOf } from './incoming.js';
import type { HttpSettings } from './options.js';
import { routeOf } from './serving.js';
import type { Serving } from './serving.js';

/** What the event `stream` of a server of node:http2 carries. */
export type StreamEvent = readonly ['stream', ServerHttp2Stream, IncomingHttpHeaders];

/** Whether this is the prototype of the servers of node:http2. Its classes are not exported; their names are Node's own. */
export function isHttp2(prototype: object): boolean {
  return prototype.constructor.name === 'Http2Server' || prototype.constructor.name === 'Http2SecureServer';
}

/** A request of node:http2. `undefined` for a tunnel: a WebSocket over HTTP/2 is one. */
export function streamCall(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  settings: HttpSettings,
): HttpServerCall | undefined {
  const method = headers[':method'] ?? 'GET';
  if (method === 'CONNECT') return undefined;
  return callOf(
    {
      method,
      target: headers[':path'] ?? '/',
      scheme: headers[':scheme'] === 'https' ? 'https' : 'http',
      host: headers[':authority'] ?? headers.host,
      headers,
      socket: stream.session?.socket ?? {},
    },
    settings,
  );
}

/** How a stream of node:http2 ended. */
export function streamResult(stream: ServerHttp2Stream, serving: Serving): HttpResult {
  const { sentHeaders: sent, errored } = stream;
  // `writableFinished` comes too late for an answer that was sent, and also when the client has left.
  const complete = !stream.aborted && stream.rstCode === 0 && errored === null;
  const status = sent?.[':status'] === undefined ? undefined : Number(sent[':status']);
  return {
    status,
    protocolVersion: '2',
    route: routeOf(serving, status),
    cancelled: !complete,
    failure: complete ? undefined : failureOf(errored, serving),
    header(name) {
      const value = sent?.[name];
      return typeof value === 'number' ? String(value) : value;
    },
  };
}

function failureOf(errored: Error | null, { broken }: Serving): HttpResult['failure'] {
  if (broken !== undefined) return { type: broken };
  return errored === null ? undefined : plainFailure(errored);
}
