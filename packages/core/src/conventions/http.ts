import { SpanKind } from '@opentelemetry/api';
import type { Attributes } from '@opentelemetry/api';
import { pick, said } from '../attributes.js';
import { plainFailure } from '../execution.js';
import type { MetricDefinition } from '../metrics.js';
import type { Failure, Operation } from '../operation.js';
import * as names from './names.generated.js';
import type { ServerAddress } from './server-address.js';
import { redactQuery, redactUrl } from './url.js';

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
  readonly peer?: ServerAddress | undefined;
  readonly attributes?: Attributes | undefined;
}

export interface HttpOperation<Input, Output> {
  call(input: Input): HttpCall | undefined;
  result?(output: Output, input: Input): HttpResult | undefined;
  failure?(error: unknown, input: Input): Failure | undefined;
}

/**
 * One HTTP request on the wire, outgoing or incoming (HTTP conventions, stable). A caller's abort is no error. The
 * span never carries a path in its name.
 */
export function httpOperation<Input, Output = unknown>(of: HttpOperation<Input, Output>): Operation<Input, Output> {
  return {
    // The program's handler runs inside an incoming request; inside an outgoing one nothing does.
    nests: true,
    describe(input) {
      const call = of.call(input);
      if (call === undefined) return undefined;
      const { name, attributes } = methodOf(call.method);
      const template = call.kind === 'client' ? call.template : undefined;
      return {
        name: template === undefined ? name : `${name} ${template}`,
        kind: call.kind === 'client' ? SpanKind.CLIENT : SpanKind.SERVER,
        attributes: said({ ...attributes, ...(call.kind === 'client' ? clientAttributes(call) : serverAttributes(call)) }),
        details: () => ({ ...(call.kind === 'server' && serverDetails(call)), ...call.attributes }),
      };
    },
    outcome(output, input) {
      const result = of.result?.(output, input);
      if (result === undefined) return undefined;
      const call = of.call(input);
      const failed = result.status !== undefined && result.status >= (call?.kind === 'server' ? 500 : 400);
      return {
        attributes: said({
          [names.HTTP_RESPONSE_STATUS_CODE]: result.status,
          [names.HTTP_ROUTE]: result.route,
          [names.NETWORK_PROTOCOL_VERSION]: result.protocolVersion,
          [names.NETWORK_PEER_ADDRESS]: result.peer?.address,
          [names.NETWORK_PEER_PORT]: result.peer?.port,
          ...result.attributes,
        }),
        ...(result.route !== undefined && call !== undefined && { name: `${methodOf(call.method).name} ${result.route}` }),
        ...(failed && { failure: { type: String(result.status) } }),
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
  (process.env['OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS'] ?? 'CONNECT,DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT,TRACE,QUERY')
    .split(',')
    .map((method) => method.trim()),
);

function methodOf(method: string): { readonly name: string; readonly attributes: Attributes } {
  if (KNOWN_METHODS.has(method)) return { name: method, attributes: { [names.HTTP_REQUEST_METHOD]: method } };
  return {
    name: 'HTTP',
    attributes: { [names.HTTP_REQUEST_METHOD]: '_OTHER', [names.HTTP_REQUEST_METHOD_ORIGINAL]: method },
  };
}

function clientAttributes({ url, server, template, resendCount }: HttpClientCall): Record<string, string | number | undefined> {
  return {
    [names.SERVER_ADDRESS]: server.address,
    [names.SERVER_PORT]: server.port,
    [names.URL_FULL]: redactUrl(url),
    [names.URL_TEMPLATE]: template,
    [names.HTTP_REQUEST_RESEND_COUNT]: resendCount === 0 ? undefined : resendCount,
  };
}

function serverAttributes(call: HttpServerCall): Record<string, string | number | undefined> {
  return {
    [names.URL_SCHEME]: call.scheme,
    [names.URL_PATH]: call.path,
    [names.URL_QUERY]: call.query === undefined || call.query === '' ? undefined : redactQuery(call.query),
    [names.SERVER_ADDRESS]: call.server?.address,
    [names.SERVER_PORT]: call.server?.port,
    [names.CLIENT_ADDRESS]: call.client?.address,
    [names.USER_AGENT_ORIGINAL]: call.userAgent,
  };
}

function serverDetails({ peer, protocolVersion }: HttpServerCall): Attributes {
  return said({
    [names.NETWORK_PEER_ADDRESS]: peer?.address,
    [names.NETWORK_PEER_PORT]: peer?.port,
    [names.NETWORK_PROTOCOL_VERSION]: protocolVersion,
  });
}
