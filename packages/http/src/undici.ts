import { channel } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { all, listen } from '@throughline/core';
import type { HeaderReader, ServerAddress, Target } from '@throughline/core';
import type { DiagnosticsChannel } from 'undici';
import { isGivenUp, isTimeout } from './given-up.js';
import { inFlight } from './in-flight.js';
import type { InFlight } from './in-flight.js';
import type { HttpSettings } from './options.js';
import { outgoing } from './outgoing.js';
import type { Answer, OutgoingExecution } from './outgoing.js';
import { serverAt } from './patterns.js';
import type { RequestHead } from './trace-headers.js';
import { originOfRequests } from './undici-origin.js';
import type { Origin } from './undici-origin.js';

const ATTEMPT = Symbol('throughline.http.attempt');

interface Attempt {
  readonly url: string;
  readonly origin: Origin;
  readonly execution: OutgoingExecution | undefined;
  readonly flight: InFlight;
  socket: Socket | undefined;
  /** The head of the answer, while its body is waited for. */
  answer: Answer | undefined;
}

/** What undici publishes: a request as it goes on the wire. A redirect or a retry is another one. */
type Request = DiagnosticsChannel.RequestCreateMessage['request'] & {
  readonly upgrade?: unknown;
  addHeader(name: string, value: string): void;
  // A symbol property: an entry in a WeakMap costs 4 µs a request.
  [ATTEMPT]?: Attempt;
};

/** Requests of the global fetch and of every copy of undici: all publish on the same channels. */
export function undici(settings: HttpSettings): Target {
  return (telemetry) => {
    const { untilBody } = settings;
    const origins = originOfRequests();
    const client = outgoing(settings, requestHead);
    const ending = all([
      listen('undici:client:sendHeaders', ({ request, socket }: { request: Request; socket: Socket }) => {
        if (request[ATTEMPT] !== undefined) request[ATTEMPT].socket = socket;
      }),
      listen('undici:request:headers', ({ request, response }: { request: Request; response: Response }) => {
        const attempt = request[ATTEMPT];
        // 103 Early Hints and the like come before the answer.
        if (attempt === undefined || response.statusCode < 200) return;
        const { origin, url, socket } = attempt;
        const location = response.statusCode < 400 && response.statusCode >= 300 ? locationOf(response) : undefined;
        if (location !== undefined) origins.redirected(request, origin, location, url);
        const header = client.readsAnswers ? headersOf(response) : undefined;
        const answer: Answer = { status: response.statusCode, version: versionOf(socket), socket, header };
        if (untilBody) attempt.answer = answer;
        else succeed(attempt, answer);
      }),
      listen('undici:request:trailers', ({ request }: { request: Request }) => {
        const attempt = request[ATTEMPT];
        if (attempt?.answer !== undefined) succeed(attempt, attempt.answer);
        origins.completed(request);
      }),
      listen('undici:request:error', ({ request, error }: { request: Request; error: unknown }) => {
        const attempt = request[ATTEMPT];
        if (attempt?.execution === undefined || attempt.execution.ended) return;
        const left = isGivenUp(error) || (origins.abortReason(request) === error && !isTimeout(error));
        if (attempt.answer !== undefined) {
          succeed(attempt, { ...attempt.answer, ...(left ? { left } : { broken: error }) });
          return;
        }
        if (left) attempt.execution.cancel();
        else attempt.execution.fail(error);
        attempt.flight.end();
      }),
    ])(telemetry);
    const flight = inFlight(ending);

    const created = listen('undici:request:create', ({ request }: { request: Request }) => {
      // A WebSocket never ends; a tunnel is not the program's request.
      if (request.upgrade || request.method === 'CONNECT') return;
      const { url, server } = addressed(request);
      if (server === undefined) return;
      if (isRecordedByOpenTelemetry()) {
        telemetry.noteConflict('fetch', true);
        return;
      }
      const origin = origins.of(request, url);
      const { method = 'GET' } = request;
      const call = { kind: 'client', method, url, server, resendCount: origin.resends } as const;
      const execution = client.send(request, call, origin.context, telemetry);
      if (execution !== undefined) flight.begin();
      request[ATTEMPT] = { url, origin, execution, flight, socket: undefined, answer: undefined };
    })(telemetry);
    return () => {
      created();
      flight.leave();
    };
  };
}

function succeed({ execution, flight }: Attempt, answer: Answer): void {
  if (execution === undefined || execution.ended) return;
  execution.succeed(answer);
  flight.end();
}

const create = channel('undici:request:create');

/**
 * Whether `@opentelemetry/instrumentation-undici` is on. Both would make a span and write a `traceparent`; its
 * subscriber can be told only by its name, among those that Node keeps in a field of the channel.
 */
function isRecordedByOpenTelemetry(): boolean {
  const { _subscribers: subscribers } = create as { readonly _subscribers?: readonly { readonly name: string }[] };
  return subscribers !== undefined && subscribers.length > 1 && subscribers.some(isOpenTelemetrys);
}

function isOpenTelemetrys({ name }: { readonly name: string }): boolean {
  return name === 'bound onRequestCreated';
}

type Response = DiagnosticsChannel.RequestHeadersMessage['response'];

function addressed({ origin, path }: Request): { readonly url: string; readonly server: ServerAddress | undefined } {
  // Through a proxy without a tunnel the path is the whole URL.
  if (!path.startsWith('/')) return { url: path, server: serverAt(path) };
  // A URL as the program gave it ends with the root's slash.
  const base = typeof origin === 'string' ? origin : String(origin).replace(/\/$/, '');
  return { url: base + path, server: serverAt(base) };
}

/** The names and values of a request's headers are in turn. */
const requestHead: RequestHead<Request> = {
  get({ headers }, name) {
    const flat = headers as unknown[];
    for (let at = 0; at < flat.length; at += 2) {
      const given = flat[at];
      if (typeof given === 'string' && given.length === name.length && given.toLowerCase() === name) {
        return String(flat[at + 1]);
      }
    }
    return undefined;
  },
  set(request, name, value) {
    request.addHeader(name, value);
  },
};

/** Of HTTP/2 undici 6 publishes no socket. */
function versionOf(socket: Socket | undefined): string | undefined {
  if (socket === undefined) return undefined;
  return (socket as { alpnProtocol?: unknown }).alpnProtocol === 'h2' ? '2' : '1.1';
}

/** HTTP/1 headers are names and values in turn; of HTTP/2 undici 8 gives an object. */
function headersOf({ headers }: Response): HeaderReader {
  return (wanted) => {
    if (!Array.isArray(headers)) return headers[wanted];
    const values = headers.flatMap((name, at) =>
      at % 2 === 0 && String(name).toLowerCase() === wanted ? [String(headers[at + 1])] : [],
    );
    return values.length === 0 ? undefined : values;
  };
}

function locationOf(response: Response): string | undefined {
  const location = headersOf(response)('location');
  return typeof location === 'string' ? location : location?.[0];
}
