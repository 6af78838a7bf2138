import { SpanKind } from '@opentelemetry/api';
import type { Attributes } from '@opentelemetry/api';
import { pick, put } from '../attributes.js';
import { plainFailure } from '../execution.js';
import type { MetricDefinition } from '../metrics.js';
import type { Description, Failure, Operation } from '../operation.js';
import * as names from './names.generated.js';
import type { ServerAddress } from './server-address.js';
import { redactQuery, redactUrl } from './url.js';
import type { QueryRule } from './url.js';

/** Reads a header by its name in lower case: one value, or several in order. */
export type HeaderReader = (name: string) => string | readonly string[] | undefined;

/** One attempt of an outgoing request. */
export interface HttpClientCall {
  readonly kind: 'client';
  readonly method: string;
  /** As requested; secrets are cut here. */
  readonly url: string;
  readonly server: ServerAddress;
  /** `/users/{id}`, where it is known. */
  readonly template?: string | undefined;
  /** 1 for the first repetition. */
  readonly resendCount?: number | undefined;
  /** Reads the headers that `HttpCapture` names. */
  readonly header?: HeaderReader | undefined;
  readonly attributes?: Attributes | undefined;
}

/** One incoming request. */
export interface HttpServerCall {
  readonly kind: 'server';
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly path: string;
  /** Without the question mark; secrets are cut here. */
  readonly query?: string | undefined;
  readonly server?: ServerAddress | undefined;
  readonly client?: ServerAddress | undefined;
  readonly peer?: ServerAddress | undefined;
  readonly userAgent?: string | undefined;
  /** `1.1`, `2`. */
  readonly protocolVersion?: string | undefined;
  /** Reads the headers that `HttpCapture` names. */
  readonly header?: HeaderReader | undefined;
  readonly attributes?: Attributes | undefined;
}

export type HttpCall = HttpClientCall | HttpServerCall;

/** What came back. */
export interface HttpResult {
  readonly status?: number | undefined;
  /** `1.1`, `2`. */
  readonly protocolVersion?: string | undefined;
  /** `/users/:id`, once a router has chosen. */
  readonly route?: string | undefined;
  /** Where the request went, when that was not known before. */
  readonly server?: ServerAddress | undefined;
  readonly peer?: ServerAddress | undefined;
  /** The other side left before the answer was complete: no error, whatever the status. */
  readonly cancelled?: boolean | undefined;
  /** What broke the answer off after its head. */
  readonly failure?: Failure | undefined;
  /** Reads the headers that `HttpCapture` names. */
  readonly header?: HeaderReader | undefined;
  readonly attributes?: Attributes | undefined;
}

/** What of a request is recorded only because somebody decided it. */
export interface HttpCapture {
  /** Which values of a query are shown. */
  readonly query?: QueryRule;
  /** Names of request headers, in lower case. */
  readonly requestHeaders?: readonly string[];
  /** Names of response headers, in lower case. */
  readonly responseHeaders?: readonly string[];
}

export interface HttpOperation<Input, Output> {
  /** Outside of any span the request gets none of its own; metrics count it all the same. */
  readonly needsParent?: boolean;
  readonly capture?: HttpCapture;
  call(input: Input): HttpCall | undefined;
  result?(output: Output, input: Input): HttpResult | undefined;
  failure?(error: unknown, input: Input): Failure | undefined;
}

/**
 * One HTTP request on the wire, outgoing or incoming (HTTP conventions, stable). A caller's abort is no error. The
 * span never carries a path in its name.
 */
export function httpOperation<Input, Output = unknown>(of: HttpOperation<Input, Output>): Operation<Input, Output> {
  const { capture = {} } = of;
  return {
    // The program's handler runs inside an incoming request; inside an outgoing one nothing does.
    nests: true,
    needsParent: of.needsParent ?? false,
    describe(input) {
      const call = of.call(input);
      if (call === undefined) return undefined;
      return call.kind === 'client' ? describeClient(call, capture) : describeServer(call, capture);
    },
    outcome(output, input) {
      const result = of.result?.(output, input);
      if (result === undefined) return undefined;
      const { status, route } = result;
      const call = of.call(input);
      const attributes: Attributes = { ...result.attributes };
      put(attributes, names.HTTP_RESPONSE_STATUS_CODE, status);
      put(attributes, names.HTTP_ROUTE, route);
      put(attributes, names.SERVER_ADDRESS, result.server?.address);
      put(attributes, names.SERVER_PORT, result.server?.port);
      put(attributes, names.NETWORK_PROTOCOL_VERSION, result.protocolVersion);
      put(attributes, names.NETWORK_PEER_ADDRESS, result.peer?.address);
      put(attributes, names.NETWORK_PEER_PORT, result.peer?.port);
      putHeaders(attributes, names.HTTP_RESPONSE_HEADER, capture.responseHeaders, result.header);
      // A program can set headers until the request is sent.
      if (call?.kind === 'client')
        putHeaders(attributes, names.HTTP_REQUEST_HEADER, capture.requestHeaders, call.header);
      const failure = failureOf(result, call?.kind === 'server' ? 500 : 400);
      return {
        attributes,
        ...(route !== undefined && call !== undefined && { name: `${nameOf(call.method)} ${route}` }),
        ...(failure !== undefined && { failure }),
      };
    },
    failure: (error, input) => of.failure?.(error, input) ?? plainFailure(error),
    measure({ attributes, errorType, duration }, metering) {
      const { duration: metric, keys } = 'url.full' in attributes ? CLIENT_METRIC : SERVER_METRIC;
      const dimensions = pick(attributes, keys);
      if (errorType !== undefined) dimensions[names.ERROR_TYPE] = errorType;
      metering.record(metric, duration, dimensions);
    },
  };
}

const CLIENT_METRIC: { readonly duration: MetricDefinition; readonly keys: readonly string[] } = {
  duration: names.METRIC_HTTP_CLIENT_REQUEST_DURATION,
  keys: [
    names.HTTP_REQUEST_METHOD,
    names.SERVER_ADDRESS,
    names.SERVER_PORT,
    names.HTTP_RESPONSE_STATUS_CODE,
    names.NETWORK_PROTOCOL_VERSION,
    names.URL_TEMPLATE,
  ],
};

const SERVER_METRIC: typeof CLIENT_METRIC = {
  duration: names.METRIC_HTTP_SERVER_REQUEST_DURATION,
  keys: [
    names.HTTP_REQUEST_METHOD,
    names.URL_SCHEME,
    names.HTTP_RESPONSE_STATUS_CODE,
    names.HTTP_ROUTE,
    names.NETWORK_PROTOCOL_VERSION,
  ],
};

const KNOWN_METHODS = new Set(
  (
    process.env['OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS'] ??
    'CONNECT,DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT,TRACE,QUERY'
  )
    .split(',')
    .map((method) => method.trim()),
);

/** The method's part of a span name. */
function nameOf(method: string): string {
  return KNOWN_METHODS.has(method) ? method : 'HTTP';
}

function methodAttributes(method: string): Attributes {
  if (KNOWN_METHODS.has(method)) return { [names.HTTP_REQUEST_METHOD]: method };
  return { [names.HTTP_REQUEST_METHOD]: '_OTHER', [names.HTTP_REQUEST_METHOD_ORIGINAL]: method };
}

function describeClient(call: HttpClientCall, capture: HttpCapture): Description {
  const { method, url, server, template, resendCount } = call;
  const attributes = methodAttributes(method);
  put(attributes, names.SERVER_ADDRESS, server.address);
  put(attributes, names.SERVER_PORT, server.port);
  put(attributes, names.URL_FULL, redactUrl(url, capture.query));
  put(attributes, names.URL_TEMPLATE, template);
  if (resendCount !== 0) put(attributes, names.HTTP_REQUEST_RESEND_COUNT, resendCount);
  return {
    name: template === undefined ? nameOf(method) : `${nameOf(method)} ${template}`,
    kind: SpanKind.CLIENT,
    attributes,
    ...((call.attributes !== undefined || call.header !== undefined) && {
      details() {
        const details: Attributes = { ...call.attributes };
        putHeaders(details, names.HTTP_REQUEST_HEADER, capture.requestHeaders, call.header);
        return details;
      },
    }),
  };
}

function describeServer(call: HttpServerCall, capture: HttpCapture): Description {
  const attributes = methodAttributes(call.method);
  put(attributes, names.URL_SCHEME, call.scheme);
  put(attributes, names.URL_PATH, call.path);
  if (call.query !== undefined && call.query !== '')
    put(attributes, names.URL_QUERY, redactQuery(call.query, capture.query));
  put(attributes, names.SERVER_ADDRESS, call.server?.address);
  put(attributes, names.SERVER_PORT, call.server?.port);
  put(attributes, names.CLIENT_ADDRESS, call.client?.address);
  put(attributes, names.USER_AGENT_ORIGINAL, call.userAgent);
  return {
    name: nameOf(call.method),
    kind: SpanKind.SERVER,
    attributes,
    details() {
      const details: Attributes = { ...call.attributes };
      put(details, names.NETWORK_PEER_ADDRESS, call.peer?.address);
      put(details, names.NETWORK_PEER_PORT, call.peer?.port);
      put(details, names.NETWORK_PROTOCOL_VERSION, call.protocolVersion);
      putHeaders(details, names.HTTP_REQUEST_HEADER, capture.requestHeaders, call.header);
      return details;
    },
  };
}

function failureOf({ status, cancelled, failure }: HttpResult, leastError: number): Failure | undefined {
  if (failure !== undefined) return failure;
  if (cancelled === true) return { type: 'cancelled', cancelled };
  return status !== undefined && status >= leastError ? { type: String(status) } : undefined;
}

function putHeaders(
  attributes: Attributes,
  prefix: string,
  headers: readonly string[] | undefined,
  read: HeaderReader | undefined,
): void {
  if (headers === undefined || read === undefined) return;
  for (const name of headers) {
    const value = read(name);
    if (value !== undefined) attributes[`${prefix}.${name}`] = typeof value === 'string' ? [value] : [...value];
  }
}
