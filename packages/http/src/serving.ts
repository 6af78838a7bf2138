import { context, createContextKey, INVALID_SPAN_CONTEXT, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import type { Context, Span } from '@opentelemetry/api';
import type { EventEmitter } from 'node:events';
import type { Execution, HttpResult, HttpServerCall } from '@throughline/core';

/**
 * Where `setRPCMetadata` of `@opentelemetry/core` keeps the request that is being answered. A `Serving` is that object
 * too, so that other vendors' instrumentations of frameworks can write their `route` into it.
 */
const METADATA = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');
const SERVING = Symbol('throughline.http.serving');
const NO_SPAN: Span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

/**
 * What is let go when a request is over: its context can live as long as the program, in a timer or in a connection
 * that it opened.
 */
interface Recording {
  readonly execution: Execution<HttpServerCall, Serving>;
  /** The one whose `close` ends the request: the response, or a stream of HTTP/2. */
  readonly answer: EventEmitter;
  /** How the request ended; asked once it has. */
  readonly result: (serving: Serving) => HttpResult;
}

/** A request that is being answered. */
export interface Serving {
  /** `RPCType.HTTP`. */
  readonly type: 'http';
  readonly span: Span;
  /** In which the program's listeners run. */
  readonly context: Context;
  /** `undefined` once the request is over, or when nothing is recorded and the context is all that matters. */
  recording: Recording | undefined;
  /** The template of the route that a framework chose: `/users/:id`. */
  route: string | undefined;
  /** For frameworks whose choice can be read only at the end. */
  readRoute: ((status: number | undefined) => string | undefined) | undefined;
  /** Where in its routers a framework is; its own business. */
  routing: object | undefined;
  /** What will have kept the answer from being complete, if it is not. */
  broken: 'timeout' | 'uncaughtException' | undefined;
}

interface Served {
  [SERVING]?: Serving;
  /** A request of the compatibility API of HTTP/2 has one. */
  readonly stream?: Served;
}

export function serving(base: Context, recording: Recording | undefined): Serving {
  const made = {
    type: 'http' as const,
    span: recording?.execution.span ?? NO_SPAN,
    context: base,
    recording,
    route: undefined,
    readRoute: undefined,
    routing: undefined,
    broken: undefined,
  };
  made.context = new ServingContext(recording?.execution.context ?? base, made);
  return made;
}

/** Ends the span of a request, once. */
export function end(one: Serving): void {
  const { recording } = one;
  if (recording === undefined) return;
  recording.execution.succeed(one);
  one.recording = undefined;
  one.readRoute = undefined;
  one.routing = undefined;
}

/**
 * A server that was started inside a span, or inside another server's request, passes that on to every connection; it is
 * no parent of requests.
 */
export function outside(active: Context): Context {
  if (active === ROOT_CONTEXT) return active;
  const alone = active.getValue(METADATA) === undefined ? active : active.deleteValue(METADATA);
  return trace.getSpan(alone) === undefined ? alone : trace.deleteSpan(alone);
}

/** A context with one value more. `setValue` would copy all that are there, for every request. */
class ServingContext implements Context {
  readonly #inner: Context;
  readonly #serving: Serving;

  constructor(inner: Context, one: Serving) {
    this.#inner = inner;
    this.#serving = one;
  }

  getValue(key: symbol): unknown {
    return key === METADATA ? this.#serving : this.#inner.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    const inner = this.#inner.setValue(key, value);
    return key === METADATA ? inner : new ServingContext(inner, this.#serving);
  }

  deleteValue(key: symbol): Context {
    const inner = this.#inner.deleteValue(key);
    return key === METADATA ? inner : new ServingContext(inner, this.#serving);
  }
}

/** Lets it be found by its request, its response or its stream. */
export function belongs(message: object, one: Serving): void {
  (message as Served)[SERVING] = one;
}

/** By a request, a response or a stream itself. */
export function servingAt(message: object): Serving | undefined {
  return (message as Served)[SERVING];
}

/** By what a program or a framework has in its hands: a request of the compatibility API of HTTP/2, too. */
export function servingOf(message: unknown): Serving | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { [SERVING]: own, stream } = message as Served;
  return own ?? stream?.[SERVING];
}

/** The request in whose context the program runs now. */
export function servingNow(): Serving | undefined {
  const metadata = context.active().getValue(METADATA) as Serving | undefined;
  // Another vendor's has no context.
  return metadata?.context === undefined ? undefined : metadata;
}

/**
 * Whether what runs now belongs to the request already. What a socket causes does not: Node runs it in the context
 * of the connection, which serves many requests.
 */
export function isActive(one: Serving): boolean {
  return context.active().getValue(METADATA) === one;
}

/** The route's template, from whoever knows it. */
export function routeOf({ route, readRoute, span }: Serving, status: number | undefined): string | undefined {
  if (route !== undefined) return route;
  const read = readRoute?.(status);
  if (read !== undefined) return read;
  // Next.js writes it on the span around its own.
  const written = (span as { readonly attributes?: Readonly<Record<string, unknown>> }).attributes?.['http.route'];
  return typeof written === 'string' ? written : undefined;
}
