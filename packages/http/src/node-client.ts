import { context } from '@opentelemetry/api';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { all, isAbort, isSuppressed, listen } from '@throughline/core';
import type { Execution, HttpClientCall, ServerAddress, Target } from '@throughline/core';
import { watchEmit } from './emit.js';
import { outgoing } from './outgoing.js';
import type { Answer, OutgoingSettings } from './outgoing.js';
import { goesTo, serverAt } from './patterns.js';
import { requestHead } from './request-head.js';
import { traceHeaders } from './trace-headers.js';

const EXECUTION = Symbol('throughline.http.request');

type Request = ClientRequest & {
  readonly socketPath?: string;
  [EXECUTION]?: Execution<HttpClientCall, Answer>;
};

/** Requests of node:http and node:https. */
export function nodeClient({ ignoreOutgoing, propagateBaggageTo }: OutgoingSettings): Target {
  return (telemetry) => {
    const events = watchEmit(telemetry, (emit, self, args) => {
      // Of an early `abort()` and of an upgrade that nobody asked for this is the only sign.
      if (args[0] === 'close') (self as Request)[EXECUTION]?.cancel();
      return Reflect.apply(emit, self, args);
    });
    const detach = all([
      listen('http.client.request.created', ({ request }: { request: Request }) => {
        // A WebSocket never ends; a tunnel is not the program's request.
        if (request.method === 'CONNECT' || requestHead.get(request, 'upgrade') !== undefined) return;
        const { url, server } = addressed(request);
        if (goesTo(ignoreOutgoing, url, server)) return;
        const active = context.active();
        const execution = telemetry.start(outgoing, { kind: 'client', method: request.method, url, server }, active);
        if (execution !== undefined) {
          request[EXECUTION] = execution;
          events.on(Object.getPrototypeOf(request) as object);
        }
        if (execution === undefined && isSuppressed(active)) return;
        writeTrace(request, execution?.context ?? active, goesTo(propagateBaggageTo, url, server));
      }),
      // Node publishes it when the head of the answer has arrived.
      listen(
        'http.client.response.finish',
        ({ request, response }: { request: Request; response: IncomingMessage }) => {
          request[EXECUTION]?.succeed({
            status: response.statusCode ?? 0,
            version: response.httpVersion,
            socket: response.socket,
          });
        },
      ),
      listen('http.client.request.error', ({ request, error }: { request: Request; error: Error }) => {
        const execution = request[EXECUTION];
        if (isGivenUp(request, error)) execution?.cancel();
        else execution?.fail(isAbort(error) ? error.cause : error);
      }),
    ])(telemetry);
    return () => {
      detach();
      events.detach();
    };
  };
}

/**
 * Whether the program itself ended the request: `destroy()`, `abort()` or its signal. A signal's time-out is an
 * `AbortError` too; its cause says so.
 */
function isGivenUp({ destroyed }: Request, error: Error & { code?: unknown }): boolean {
  if (isAbort(error)) return (error.cause as { name?: unknown } | undefined)?.name !== 'TimeoutError';
  return destroyed && error.code === 'ECONNRESET' && error.message === 'socket hang up';
}

function addressed(request: Request): { readonly url: string; readonly server: ServerAddress } {
  const { protocol, host, path, socketPath } = request;
  // Through a proxy the path is the whole URL.
  const proxied = path.startsWith('/') ? undefined : serverAt(path);
  if (proxied !== undefined) return { url: path, server: proxied };
  const name = host.includes(':') ? `[${host}]` : host;
  if (socketPath !== undefined) return { url: `${protocol}//${name}${path}`, server: { address: socketPath } };
  // The port is in the Host header only. With a host that the program made up, it is not known.
  const given = requestHead.get(request, 'host') ?? '';
  const known = given === name || given.startsWith(`${name}:`);
  const origin = `${protocol}//${known ? given : name}`;
  return { url: origin + path, server: (known ? serverAt(origin) : undefined) ?? { address: host } };
}

const writeTrace = traceHeaders(requestHead);
