import { context, createContextKey, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import type { EventEmitter } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { httpOperation, listen, suppress } from '@throughline/core';
import type { Execution, HttpServerCall, Operation, Target } from '@throughline/core';
import { watchEmit } from './emit.js';
import { isPath, serverAt } from './patterns.js';
import type { Pattern } from './patterns.js';

const SERVING = Symbol('throughline.http.serving');
/** The response that a context is for. */
const RESPONSE = createContextKey('throughline.http.response');

/** A request that is being answered. */
interface Serving {
  /** In which the program's listeners run. */
  readonly context: Context;
  readonly response: ServerResponse;
  readonly execution: Execution<HttpServerCall, ServerResponse> | undefined;
}

interface Served {
  [SERVING]?: Serving;
}

interface Message {
  readonly request: IncomingMessage & Served;
  readonly response: ServerResponse & Served;
  readonly server: Server;
}

const incoming: Operation<HttpServerCall, ServerResponse> = httpOperation<HttpServerCall, ServerResponse>({
  call: (call) => call,
  result: (response) => ({
    status: response.headersSent ? response.statusCode : undefined,
    route: routeOf(response.req),
    cancelled: !response.writableFinished,
  }),
  failure: (error) => (error === undefined ? { type: 'uncaughtException' } : undefined),
});

/** Requests that servers of node:http and node:https answer. */
export function nodeServer({ ignoreIncoming }: { readonly ignoreIncoming: readonly Pattern[] }): Target {
  return (telemetry) => {
    const events = watchEmit(telemetry, (emit, self, args) => {
      // The server's own events carry the request: `request`, `checkContinue`.
      const serving = (self as Served)[SERVING] ?? (args[1] as Served | null | undefined)?.[SERVING];
      if (serving === undefined) return Reflect.apply(emit, self, args);
      if (self === serving.response && args[0] === 'close') end(serving);
      if (isActive(serving) || (self as EventEmitter).listenerCount(args[0] as string) === 0) {
        return Reflect.apply(emit, self, args);
      }
      let threw = true;
      try {
        const heard: unknown = context.with(serving.context, emit, self, ...(args as never[]));
        threw = false;
        return heard;
      } finally {
        // Not caught: Node prints where an error was last thrown, and that shall be the program.
        if (threw) serving.execution?.fail(undefined);
      }
    });
    // Published just before the server emits the request.
    const detach = listen('http.server.request.start', ({ request, response, server }: Message) => {
      const serving = serve(request, response);
      if (serving === undefined) return;
      request[SERVING] = serving;
      response[SERVING] = serving;
      // Somebody else who replaced `emit` on the server itself may have taken the one that the class had before us.
      events.on(Object.hasOwn(server, 'emit') ? server : prototypeOf(server));
      events.on(prototypeOf(request));
      events.on(prototypeOf(response));
    })(telemetry);

    function serve(request: IncomingMessage, response: ServerResponse): Serving | undefined {
      const base = outside(context.active());
      const call = described(request);
      if (isPath(ignoreIncoming, call.path)) {
        return { context: suppress(base).setValue(RESPONSE, response), response, execution: undefined };
      }
      const parent = propagation.extract(base, request.headers);
      const execution = telemetry.start(incoming, call, parent);
      if (execution === undefined && parent === base) return undefined;
      return { context: (execution?.context ?? parent).setValue(RESPONSE, response), response, execution };
    }

    return () => {
      detach();
      events.detach();
    };
  };
}

function prototypeOf(emitter: object): object {
  return Object.getPrototypeOf(emitter) as object;
}

/** A server that was started inside a span passes that span on to every connection; it is no parent of requests. */
function outside(active: Context): Context {
  return active === ROOT_CONTEXT ? active : trace.deleteSpan(active);
}

/**
 * Whether what runs now belongs to the request already. What a socket causes does not: Node runs it in the context
 * of the connection, which serves many requests.
 */
function isActive({ response }: Serving): boolean {
  return context.active().getValue(RESPONSE) === response;
}

function end({ execution, response }: Serving): void {
  if (execution === undefined) return;
  if (response.errored === null || response.errored === undefined) execution.succeed(response);
  else execution.fail(response.errored);
}

function described(request: IncomingMessage): HttpServerCall {
  const { method = 'GET', url = '/', headers, socket } = request;
  const scheme = (socket as { encrypted?: unknown }).encrypted === true ? 'https' : 'http';
  // A proxy is asked for whole URLs.
  const target = url.startsWith('/') ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '');
  const queryAt = target.indexOf('?');
  return {
    kind: 'server',
    method,
    scheme,
    path: queryAt === -1 ? target : target.slice(0, queryAt),
    query: queryAt === -1 ? undefined : target.slice(queryAt + 1),
    server: headers.host === undefined ? undefined : serverAt(`${scheme}://${headers.host}`),
    userAgent: headers['user-agent'],
    protocolVersion: request.httpVersion,
  };
}

/**
 * The route that Express chose. Inside a mounted router the part before it is known only as it was requested, with
 * its parameters filled in: then there is none.
 */
function routeOf(request: IncomingMessage): string | undefined {
  const { route, baseUrl } = request as { route?: { path?: unknown } | null; baseUrl?: unknown };
  return typeof route?.path === 'string' && (baseUrl === undefined || baseUrl === '') ? route.path : undefined;
}
