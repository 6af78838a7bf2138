import { request as httpRequest } from 'node:http';
import { connect } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import type * as undici8 from 'undici';
import versions from '../versions.json' with { type: 'json' };
import { certificate } from './local-server.js';

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** Leave the body unread. */
  readonly unread?: boolean;
}

/** What the program sees of an answer. */
export interface Seen {
  readonly status: number;
  readonly body: string | undefined;
}

export type Client = (url: string, ask?: Ask) => Promise<Seen>;

type Undici = typeof undici8;

const { tested } = versions.libraries.find(({ name }) => name === 'undici') as { tested: Record<string, string> };

/** Every supported major of undici. */
export const undicis = Object.fromEntries(
  await Promise.all(
    Object.entries(tested).map(async ([major, alias]) => [major, (await import(alias)) as Undici] as const),
  ),
) as Record<'6' | '7' | '8', Undici>;

function fetching(fetch: (url: string, init: object) => Promise<Response>): Client {
  return async (url, { unread, ...init } = {}) => {
    const response = await fetch(url, init);
    return { status: response.status, body: unread === true ? undefined : await response.text() };
  };
}

function requesting(
  request: (url: string, options: object) => Promise<Awaited<ReturnType<Undici['request']>>>,
): Client {
  return async (url, { unread, ...options } = {}) => {
    const { statusCode, body } = await request(url, options);
    body.on('error', () => {});
    return { status: statusCode, body: unread === true ? undefined : await body.text() };
  };
}

function streaming({ stream }: Undici): Client {
  return async (url, { unread, ...options } = {}) => {
    let status = 0;
    const sink = new PassThrough();
    const body = text(sink).catch(() => '');
    await stream(url, { method: 'GET', ...options }, ({ statusCode }) => {
      status = statusCode;
      return sink;
    });
    return { status, body: unread === true ? undefined : await body };
  };
}

function node(request: typeof httpRequest): Client {
  return (url, { unread, body, ...options } = {}) =>
    new Promise((resolve, reject) => {
      const sent = request(url, { ca: certificate.cert, agent: false, ...options } as never, (response) => {
        const status = response.statusCode ?? 0;
        if (unread === true) {
          response.on('error', () => {});
          resolve({ status, body: undefined });
        } else text(response).then((read) => resolve({ status, body: read }), reject);
      });
      sent.on('error', reject);
      sent.end(body);
    });
}

/** Every way to send a request over HTTP/1. */
export const clients: [string, Client][] = [
  ['the global fetch', fetching(fetch)],
  ...Object.entries(undicis).flatMap(([major, undici]): [string, Client][] => [
    [`undici ${major} request`, requesting(undici.request as never)],
    [`undici ${major} stream`, streaming(undici)],
    [`undici ${major} fetch`, fetching(undici.fetch as never)],
    [
      `undici ${major} Pool`,
      async (url, ask) => {
        const { origin, pathname, search } = new URL(url);
        const pool = new undici.Pool(origin, { connections: 1 });
        try {
          return await requesting((_, options) => pool.request({ path: pathname + search, method: 'GET', ...options }))(
            url,
            ask,
          );
        } finally {
          await pool.destroy();
        }
      },
    ],
  ]),
  ['node:http', node(httpRequest)],
];

export const nodeHttps: Client = node(httpsRequest);

/** A session of HTTP/2 for each request. */
export const http2Client: Client = (url, { method = 'GET', headers, body } = {}) => {
  const { origin, pathname, search } = new URL(url);
  const session = connect(origin, { ca: certificate.cert });
  session.on('error', () => {});
  const sent = session.request({ ':method': method, ':path': pathname + search, ...headers });
  return new Promise<Seen>((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', ({ ':status': status = 0 }) => {
      text(sent).then((read) => resolve({ status, body: read }), reject);
    });
    sent.end(body);
  }).finally(() => session.destroy());
};
