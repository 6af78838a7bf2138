import type { IncomingMessage, ServerResponse } from 'node:http';
import { plainFailure } from '@throughline/core';
import type { Failure, HttpResult, HttpServerCall } from '@throughline/core';
import { callOf } from './incoming.js';
import type { HttpSettings } from './options.js';
import { headerOf } from './request-head.js';
import { routeOf } from './serving.js';
import type { Serving } from './serving.js';

/** A request of node:http or node:https. */
export function requestCall(request: IncomingMessage, settings: HttpSettings): HttpServerCall {
  const { method = 'GET', url = '/', headers, socket } = request;
  return callOf(
    {
      method,
      target: url,
      scheme: (socket as { encrypted?: unknown }).encrypted === true ? 'https' : 'http',
      host: headers.host,
      headers,
      socket,
    },
    settings,
  );
}

/** How a response of node:http or node:https ended. */
export function responseResult(response: ServerResponse, serving: Serving): HttpResult {
  const { req: request, writableFinished: complete } = response;
  const status = response.headersSent ? response.statusCode : undefined;
  return {
    status,
    protocolVersion: request.httpVersion,
    route: routeOf(serving, status) ?? (serving.routing === undefined ? expressRoute(request) : undefined),
    cancelled: !complete,
    failure: complete ? undefined : failureOf(response, serving),
    header: (name) => headerOf(response, name),
  };
}

/** What kept a response from being complete. Nothing when it was the client. */
function failureOf({ errored, req: request }: ServerResponse, { broken }: Serving): Failure | undefined {
  if (broken !== undefined) return { type: broken };
  const socketError = request.socket.errored as (Error & { code?: unknown }) | null | undefined;
  // `server.requestTimeout`: the request did not arrive in time.
  if (socketError?.code === 'ERR_HTTP_REQUEST_TIMEOUT') return { type: socketError.code };
  if (errored === null || errored === undefined || isLeft(errored)) return undefined;
  return plainFailure(errored);
}

/** What Node itself breaks a response off with when the connection is gone. */
function isLeft(error: Error & { code?: unknown }): boolean {
  return error.code === 'ECONNRESET' && error.message === 'aborted';
}

/**
 * The route that an Express chose that could not be reached, in a bundle. Inside a mounted router the part before it is
 * known only as it was requested, with its parameters filled in: then there is none.
 */
function expressRoute(request: IncomingMessage): string | undefined {
  const { route, baseUrl } = request as { route?: { path?: unknown } | null; baseUrl?: unknown };
  return typeof route?.path === 'string' && (baseUrl === undefined || baseUrl === '') ? route.path : undefined;
}
