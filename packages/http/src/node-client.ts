import { context, SpanKind, trace } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { all, isAbort, listen } from '@throughline/core';
import type { ServerAddress, Target } from '@throughline/core';
import { watchEmit } from './emit.js';
import { isGivenUp, reasonOf } from './given-up.js';
import { inFlight } from './in-flight.js';
import type { InFlight } from './in-flight.js';
import type { HttpSettings } from './options.js';
import { outgoing } from './outgoing.js';
import type { Answer, OutgoingExecution } from './outgoing.js';
import { serverAt } from './patterns.js';
import { requestHead } from './request-head.js';

const EXCHANGE = Symbol('throughline.http.exchange');

/** A request that is recorded, and what has come of it. */
interface Exchange {
  readonly execution: OutgoingExecution;
  readonly flight: InFlight;
  /** The head of the answer, while its body is waited for. */
  answer: Answer | undefined;
  response: IncomingMessage | undefined;
}

type Request = ClientRequest & {
  readonly socketPath?: string;
  [EXCHANGE]?: Exchange;
};

/** Requests of node:http and node:https. */
export function nodeClient(settings: HttpSettings): Target {
  return (telemetry) => {
    const { untilBody } = settings;
    const client = outgoing<ClientRequest>(settings, requestHead);
    const events = watchEmit(telemetry, (emit, self, args) => {
      if (args[0] === 'close') closed((self as Request)[EXCHANGE]);
      return Reflect.apply(emit, self, args);
    });
    const ending = all([
      // Node publishes it when the head of the answer has arrived.
      listen(
        'http.client.response.finish',
        ({ request, response }: { request: Request; response: IncomingMessage }) => {
          const exchange = request[EXCHANGE];
          if (exchange === undefined) return;
          const answer: Answer = {
            status: response.statusCode ?? 0,
            version: response.httpVersion,
            socket: response.socket,
            header: client.readsAnswers ? (name) => response.headersDistinct[name] : undefined,
          };
          if (!untilBody) succeed(exchange, answer);
          else Object.assign(exchange, { answer, response });
        },
      ),
      listen('http.client.request.error', ({ request, error }: { request: Request; error: Error }) => {
        const exchange = request[EXCHANGE];
        if (exchange === undefined || exchange.execution.ended || exchange.answer !== undefined) return;
        if (isLeft(request, error)) exchange.execution.cancel();
        else exchange.execution.fail(reasonOf(error));
        exchange.flight.end();
      }),
    ])(telemetry);
    const flight = inFlight(() => {
      ending();
      events.detach();
    });

    const created = listen('http.client.request.created', ({ request }: { request: Request }) => {
      // A WebSocket never ends; a tunnel is not the program's request.
      if (request.method === 'CONNECT' || requestHead.get(request, 'upgrade') !== undefined) return;
      const { url, server } = addressed(request);
      const active = context.active();
      if (isRecordedByOthers(active, request.method, server)) {
        telemetry.noteConflict('http.request', true);
        return;
      }
      const execution = client.send(
        request,
        { kind: 'client', method: request.method, url, server },
        active,
        telemetry,
      );
      if (execution === undefined) return;
      request[EXCHANGE] = { execution, flight, answer: undefined, response: undefined };
      flight.begin();
      events.on(Object.getPrototypeOf(request) as object);
    })(telemetry);
    return () => {
      created();
      flight.leave();
    };
  };
}

/**
 * Of an early `abort()` and of an upgrade that nobody asked for this is the only sign, and it is the last one of an
 * answer whose body is waited for.
 */
function closed(exchange: Exchange | undefined): void {
  if (exchange === undefined || exchange.execution.ended) return;
  const { execution, flight, answer, response } = exchange;
  if (answer === undefined || response === undefined) {
    execution.cancel();
    flight.end();
  } else if (response.complete) succeed(exchange, answer);
  else succeed(exchange, { ...answer, ...endOf(response) });
}

/**
 * How a body came to its early end. Node tells the program in both cases that the connection was reset; the connection
 * itself has an error or its end when it was the server.
 */
function endOf({ errored, socket }: IncomingMessage): Pick<Answer, 'left' | 'broken'> {
  if (errored === null || (socket.errored === null && !socket.readableEnded)) return { left: true };
  const error = socket.errored ?? errored;
  return isGivenUp(error) ? { left: true } : { broken: reasonOf(error) };
}

function succeed({ execution, flight }: Exchange, answer: Answer): void {
  if (execution.ended) return;
  execution.succeed(answer);
  flight.end();
}

/** Whether the program itself ended the request: `destroy()`, `abort()` or its signal. */
function isLeft({ destroyed }: Request, error: Error & { code?: unknown }): boolean {
  if (isAbort(error)) return isGivenUp(error);
  return destroyed && error.code === 'ECONNRESET' && error.message === 'socket hang up';
}

/** A span as SDKs keep it. */
interface ReadableSpan {
  readonly kind?: number;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/**
 * Whether the request is made inside a client span for just this request, as `@opentelemetry/instrumentation-http`
 * makes it around `http.request`.
 */
function isRecordedByOthers(active: Context, method: string, { address }: ServerAddress): boolean {
  const { kind, attributes } = (trace.getSpan(active) ?? {}) as ReadableSpan;
  return (
    kind === SpanKind.CLIENT &&
    attributes !== undefined &&
    (attributes['http.request.method'] ?? attributes['http.method']) === method &&
    (attributes['server.address'] ?? attributes['net.peer.name']) === address
  );
}

function addressed(request: Request): { readonly url: string; readonly server: ServerAddress } {
  const { protocol, host, socketPath } = request;
  // Through a proxy the path is the whole URL; `*` and a query alone are none.
  const proxied = request.path.startsWith('/') ? undefined : serverAt(request.path);
  if (proxied !== undefined) return { url: request.path, server: proxied };
  const path = request.path.startsWith('/') ? request.path : `/${request.path}`;
  const name = host.includes(':') ? `[${host}]` : host;
  if (socketPath !== undefined) return { url: `${protocol}//${name}${path}`, server: { address: socketPath } };
  // The port is in the Host header only. With a host that the program made up, it is not known.
  const given = String(requestHead.get(request, 'host') ?? '');
  const known = given === name || given.startsWith(`${name}:`);
  const origin = `${protocol}//${known ? given : name}`;
  return { url: origin + path, server: (known ? serverAt(origin) : undefined) ?? { address: host } };
}
