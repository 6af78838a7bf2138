import { context } from '@opentelemetry/api';
import type { ClientHttp2Session, ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2';
import { guard, intercept } from '@throughline/core';
import type { HttpClientCall, Target } from '@throughline/core';
import { watchEmit } from './emit.js';
import { isGivenUp, reasonOf } from './given-up.js';
import { onHttp2Sessions } from './http2-session.js';
import { inFlight } from './in-flight.js';
import type { InFlight } from './in-flight.js';
import type { HttpSettings } from './options.js';
import { outgoing } from './outgoing.js';
import type { Answer, OutgoingExecution } from './outgoing.js';
import { serverAt } from './patterns.js';
import type { RequestHead } from './trace-headers.js';

const EXCHANGE = Symbol('throughline.http.exchange');

/** A request that is recorded, and what has come of it. */
interface Exchange {
  readonly execution: OutgoingExecution;
  readonly flight: InFlight;
  /** The head of the answer, while its body is waited for. */
  answer: Answer | undefined;
}

type Stream = ClientHttp2Stream & { [EXCHANGE]?: Exchange };

/** The headers of a request before node:http2 takes them: the program's, and what is to be added. */
interface Asked {
  readonly given: unknown;
  readonly added: Record<string, string>;
}

/** Requests of sessions that `http2.connect` makes. Its channels come too late to add a header, so it is no channel. */
export function http2Client(settings: HttpSettings): Target {
  return (telemetry) => {
    const client = outgoing(settings, askedHead);
    const events = watchEmit(telemetry, (emit, self, args) => {
      const exchange = (self as Stream)[EXCHANGE];
      if (exchange !== undefined && !exchange.execution.ended) {
        guard('watching a stream of HTTP/2', () => {
          watch(exchange, self as Stream, args);
        });
      }
      return Reflect.apply(emit, self, args);
    });
    const flight = inFlight(() => {
      events.detach();
    });

    function watch(exchange: Exchange, stream: Stream, [event, given]: readonly unknown[]): void {
      if (event === 'response') {
        const headers = given as IncomingHttpHeaders & IncomingHttpStatusHeader;
        exchange.answer = {
          status: headers[':status'] ?? 0,
          version: '2',
          socket: stream.session?.socket,
          header: client.readsAnswers ? (name) => headers[name] : undefined,
        };
        if (!settings.untilBody) succeed(exchange, exchange.answer);
      } else if (event === 'error') {
        const left = isGivenUp(given);
        if (exchange.answer !== undefined) {
          succeed(exchange, { ...exchange.answer, ...(left ? { left } : { broken: reasonOf(given) }) });
          return;
        }
        if (left) exchange.execution.cancel();
        else exchange.execution.fail(reasonOf(given));
        flight.end();
      } else if (event === 'close') {
        if (exchange.answer !== undefined) {
          succeed(exchange, { ...exchange.answer, left: !stream.readableEnded });
          return;
        }
        exchange.execution.cancel();
        flight.end();
      }
    }

    const detach = onHttp2Sessions((prototype) =>
      intercept(prototype, 'request', (original) => {
        return function (this: unknown, ...args: readonly unknown[]): unknown {
          const session = this as ClientHttp2Session;
          const asked: Asked = { given: args[0], added: {} };
          const execution = guard('starting a request of HTTP/2', () => {
            const call = isOfUndici(session) ? undefined : described(session, asked);
            return call === undefined ? undefined : client.send(asked, call, context.active(), telemetry);
          });
          let stream: Stream;
          try {
            stream = Reflect.apply(original, this, [withAdded(asked), ...args.slice(1)] as never[]) as Stream;
          } catch (error) {
            execution?.fail(error);
            throw error;
          }
          if (execution !== undefined) {
            stream[EXCHANGE] = { execution, flight, answer: undefined };
            flight.begin();
            events.on(Object.getPrototypeOf(stream) as object);
          }
          return stream;
        };
      }),
    )(telemetry);
    return () => {
      detach();
      flight.leave();
    };
  };
}

function succeed({ execution, flight }: Exchange, answer: Answer): void {
  execution.succeed(answer);
  flight.end();
}

/** undici's sessions carry a field of this name; their requests are seen on undici's own channels. */
function isOfUndici(session: ClientHttp2Session): boolean {
  return Object.getOwnPropertySymbols(session).some(({ description }) => description === 'client');
}

/** `http2.connect` keeps what it was given in fields that have no public name. */
function given(session: ClientHttp2Session, description: string): string | undefined {
  const key = Object.getOwnPropertySymbols(session).find((one) => one.description === description);
  const value = key === undefined ? undefined : (session as unknown as Record<symbol, unknown>)[key];
  return typeof value === 'string' ? value : undefined;
}

/** `undefined` for a tunnel or a WebSocket, which is no request of the program's. */
function described(session: ClientHttp2Session, asked: Asked): HttpClientCall | undefined {
  const header = (name: string): string | undefined => {
    const value = askedHead.get(asked, name);
    return typeof value === 'string' ? value : undefined;
  };
  const method = header(':method') ?? 'GET';
  if (method === 'CONNECT') return undefined;
  const scheme = header(':scheme') ?? given(session, 'protocol')?.replace(/:$/, '') ?? 'https';
  const authority = header(':authority') ?? header('host') ?? given(session, 'authority') ?? '';
  const origin = `${scheme}://${authority}`;
  const server = serverAt(origin);
  return server === undefined ? undefined : { kind: 'client', method, url: origin + (header(':path') ?? '/'), server };
}

/** Headers are an object, or from Node 24 on names and values in turn. */
const askedHead: RequestHead<Asked> = {
  get({ given, added }, name) {
    if (added[name] !== undefined) return added[name];
    if (typeof given !== 'object' || given === null) return undefined;
    if (!Array.isArray(given)) {
      const key = Object.keys(given).find((one) => one.toLowerCase() === name);
      return key === undefined ? undefined : textOf((given as Record<string, unknown>)[key]);
    }
    const at = given.findIndex((one, index) => index % 2 === 0 && String(one).toLowerCase() === name);
    return at === -1 ? undefined : textOf(given[at + 1]);
  },
  set({ added }, name, value) {
    added[name] = value;
  },
};

function textOf(value: unknown): string | string[] | undefined {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** The program's own object stays as it is. */
function withAdded({ given, added }: Asked): unknown {
  if (Object.keys(added).length === 0) return given;
  if (Array.isArray(given)) return [...(given as unknown[]), ...Object.entries(added).flat()];
  if (given !== undefined && (typeof given !== 'object' || given === null)) return given;
  return { ...given, ...added };
}
