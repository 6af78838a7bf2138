import type { Socket } from 'node:net';
import { all, isSuppressed, listen } from '@throughline/core';
import type { Execution, HttpClientCall, ServerAddress, Target } from '@throughline/core';
import type { DiagnosticsChannel } from 'undici';
import { outgoing } from './outgoing.js';
import type { Answer, OutgoingSettings } from './outgoing.js';
import { goesTo, serverAt } from './patterns.js';
import { traceHeaders } from './trace-headers.js';
import { originOfRequests } from './undici-origin.js';
import type { Origin } from './undici-origin.js';

const ATTEMPT = Symbol('throughline.http.attempt');

interface Attempt {
  readonly url: string;
  readonly origin: Origin;
  readonly execution: Execution<HttpClientCall, Answer> | undefined;
  socket: Socket | undefined;
}

/** What undici publishes: a request as it goes on the wire. A redirect or a retry is another one. */
type Request = DiagnosticsChannel.RequestCreateMessage['request'] & {
  readonly upgrade?: unknown;
  addHeader(name: string, value: string): void;
  // A symbol property: an entry in a WeakMap costs 4 µs a request.
  [ATTEMPT]?: Attempt;
};

/** Requests of the global fetch and of every copy of undici: all publish on the same channels. */
export function undici({ ignoreOutgoing, propagateBaggageTo }: OutgoingSettings): Target {
  const origins = originOfRequests();
  return all([
    listen('undici:request:create', ({ request }: { request: Request }, telemetry) => {
      // A WebSocket never ends; a tunnel is not the program's request.
      if (request.upgrade || request.method === 'CONNECT') return;
      const { url, server } = addressed(request);
      if (server === undefined || goesTo(ignoreOutgoing, url, server)) return;
      const origin = origins.of(request, url);
      const execution = telemetry.start(
        outgoing,
        { kind: 'client', method: request.method ?? 'GET', url, server, resendCount: origin.resends },
        origin.context,
      );
      request[ATTEMPT] = { url, origin, execution, socket: undefined };
      if (execution === undefined && isSuppressed(origin.context)) return;
      writeTrace(request, execution?.context ?? origin.context, goesTo(propagateBaggageTo, url, server));
    }),
    listen('undici:client:sendHeaders', ({ request, socket }: { request: Request; socket: Socket }) => {
      if (request[ATTEMPT] !== undefined) request[ATTEMPT].socket = socket;
    }),
    listen('undici:request:headers', ({ request, response }: { request: Request; response: Response }) => {
      const attempt = request[ATTEMPT];
      // 103 Early Hints and the like come before the answer.
      if (attempt === undefined || response.statusCode < 200) return;
      const { origin, url, execution, socket } = attempt;
      const location = response.statusCode < 400 && response.statusCode >= 300 ? locationOf(response) : undefined;
      if (location !== undefined) origins.redirected(request, origin, location, url);
      const version = (socket as { alpnProtocol?: unknown } | undefined)?.alpnProtocol === 'h2' ? '2' : '1.1';
      execution?.succeed({ status: response.statusCode, version, socket });
    }),
    listen('undici:request:trailers', ({ request }: { request: Request }) => {
      origins.completed(request);
    }),
    listen('undici:request:error', ({ request, error }: { request: Request; error: unknown }) => {
      request[ATTEMPT]?.execution?.fail(error);
    }),
  ]);
}

type Response = DiagnosticsChannel.RequestHeadersMessage['response'];

function addressed({ origin, path }: Request): { readonly url: string; readonly server: ServerAddress | undefined } {
  // Through a proxy without a tunnel the path is the whole URL.
  if (!path.startsWith('/')) return { url: path, server: serverAt(path) };
  // A URL as the program gave it ends with the root's slash.
  const base = typeof origin === 'string' ? origin : String(origin).replace(/\/$/, '');
  return { url: base + path, server: serverAt(base) };
}

const writeTrace = traceHeaders<Request>({
  has({ headers }, name) {
    const flat = headers as unknown[];
    for (let at = 0; at < flat.length; at += 2) {
      const given = flat[at];
      if (typeof given === 'string' && given.length === name.length && given.toLowerCase() === name) return true;
    }
    return false;
  },
  set(request, name, value) {
    request.addHeader(name, value);
  },
});

/** HTTP/1 headers are names and values in turn; of HTTP/2 undici 8 gives an object. */
function locationOf({ headers }: Response): string | undefined {
  if (!Array.isArray(headers)) return typeof headers['location'] === 'string' ? headers['location'] : undefined;
  const at = headers.findIndex((name, index) => index % 2 === 0 && String(name).toLowerCase() === 'location');
  return at === -1 ? undefined : String(headers[at + 1]);
}
