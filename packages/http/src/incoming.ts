import { httpOperation } from '@throughline/core';
import type { HttpServerCall, Operation } from '@throughline/core';
import { captureOf } from './capture.js';
import type { HttpSettings } from './options.js';
import { serverAt } from './patterns.js';
import type { Serving } from './serving.js';

/** One incoming request. It is over when the answer is complete, or when it cannot become so any more. */
export function incoming(settings: HttpSettings): Operation<HttpServerCall, Serving> {
  return httpOperation<HttpServerCall, Serving>({
    capture: captureOf(settings),
    call: (call) => call,
    result: (serving) => serving.recording?.result(serving),
  });
}

/** The head of a request, in either version of HTTP. */
export interface RequestHead {
  readonly method: string;
  /** As in the request line: `/users?page=2`. */
  readonly target: string;
  readonly scheme: 'http' | 'https';
  /** `example.com:8080`. */
  readonly host: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket: { readonly remoteAddress?: string | undefined; readonly remotePort?: number | undefined };
}

export function callOf(head: RequestHead, settings: HttpSettings): HttpServerCall {
  const { method, scheme, host, headers } = head;
  // A proxy is asked for whole URLs.
  const target = head.target.startsWith('/') ? head.target : head.target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '');
  const queryAt = target.indexOf('?');
  const address = settings.clientAddress === 'none' ? undefined : clientOf(head, settings.clientAddress);
  return {
    kind: 'server',
    method,
    scheme,
    path: queryAt === -1 ? target : target.slice(0, queryAt),
    query: queryAt === -1 ? undefined : target.slice(queryAt + 1),
    server: host === undefined ? undefined : serverAt(`${scheme}://${host}`),
    client: address?.client,
    peer: address?.peer,
    userAgent: text(headers['user-agent']),
    header: settings.captureRequestHeaders.length === 0 ? undefined : (name) => headers[name],
  };
}

function clientOf(
  { headers, socket: { remoteAddress, remotePort } }: RequestHead,
  from: 'peer' | 'forwarded',
): Pick<HttpServerCall, 'client' | 'peer'> {
  const peer = remoteAddress === undefined ? undefined : { address: remoteAddress, port: remotePort };
  const forwarded = from === 'forwarded' ? forwardedFor(headers) : undefined;
  return { client: forwarded === undefined ? peer : { address: forwarded, port: undefined }, peer };
}

/** The first address that proxies wrote down (RFC 7239): the client's, when all of them are to be trusted. */
function forwardedFor(headers: RequestHead['headers']): string | undefined {
  const standard = /(?:^|[;,\s])for=("[^"]*"|[^;,\s]*)/i.exec(text(headers['forwarded']) ?? '')?.[1];
  const first = standard?.replaceAll('"', '') ?? text(headers['x-forwarded-for'])?.split(',')[0];
  // `[2001:db8::1]:4711`, `192.0.2.7:4711`, `2001:db8::1`, `192.0.2.7`.
  const [, bracketed, plain, bare] =
    /^\s*(?:\[([^\]]+)\](?::\d+)?|([^:\s]+)(?::\d+)?|(\S+))\s*$/.exec(first ?? '') ?? [];
  return bracketed ?? plain ?? bare;
}

function text(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(',') : value;
}
