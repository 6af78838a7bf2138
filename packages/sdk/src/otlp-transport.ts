import type { Agent, IncomingMessage, RequestOptions } from 'node:http';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { ExportResponse, IExporterTransport } from '@opentelemetry/otlp-exporter-base';
import type { convertLegacyHttpOptions } from '@opentelemetry/otlp-exporter-base/node-http';

/** What OpenTelemetry's variables and our options say about a collector. */
export type Collector = ReturnType<typeof convertLegacyHttpOptions>;

/** A transport that knows that the process ends. */
export interface OtlpTransport extends IExporterTransport {
  /** From now on nothing is repeated, and what waits for its repetition is tried at once, for the last time. */
  hurry(): void;
}

/** Milliseconds before the first repetition; each further wait is half as long again. */
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 5_000;

/** Requests at a time; more wait for one of these. */
const SOCKETS = 16;

/** Answers that the protocol says to repeat. */
const BUSY = new Set([429, 502, 503, 504]);

/**
 * OTLP over HTTP. OpenTelemetry's own transport keeps the process alive while a collector hangs or is down, up to ten
 * seconds; here no socket and no timer does, and whoever flushes decides how long to wait.
 */
export function otlpTransport(collector: Collector): OtlpTransport {
  const hurried = new AbortController();
  let agent: Promise<Agent> | undefined;

  const attempt = async (data: Uint8Array, timeoutMs: number): Promise<ExportResponse> => {
    const { protocol } = new URL(collector.url);
    agent ??= Promise.resolve(collector.agentFactory(protocol)).then((made) =>
      Object.assign(made, { maxSockets: SOCKETS }),
    );
    const zipped = collector.compression === 'gzip';
    const headers = { ...(await collector.headers()), ...(zipped && { 'Content-Encoding': 'gzip' }) };
    return post(
      protocol === 'https:' ? requestHttps : requestHttp,
      collector.url,
      zipped ? await promisify(gzip)(data) : data,
      {
        agent: await agent,
        headers,
        signal: AbortSignal.timeout(Math.max(1, Math.ceil(timeoutMs))),
      },
    );
  };

  return {
    async send(data, timeoutMs) {
      const deadline = performance.now() + timeoutMs;
      for (let pause = FIRST_WAIT; ; pause = Math.min(pause * 1.5, LONGEST_WAIT)) {
        const isLast = hurried.signal.aborted;
        const response = await attempt(data, deadline - performance.now());
        if (response.status !== 'retryable' || isLast) return response;
        const waitMs = response.retryInMillis ?? pause * (0.8 + Math.random() * 0.4);
        if (performance.now() + waitMs > deadline) return response;
        await wait(waitMs, undefined, { ref: false, signal: hurried.signal }).catch(() => undefined);
      }
    },
    hurry: () => hurried.abort(),
    shutdown: () => void agent?.then((made) => made.destroy()),
  };
}

function post(
  request: typeof requestHttp,
  url: string,
  body: Uint8Array,
  options: RequestOptions,
): Promise<ExportResponse> {
  return new Promise((resolve) => {
    const failed = (error: Error): void =>
      resolve({ status: 'retryable', error: error.name === 'AbortError' ? new Error('no answer in time') : error });
    request(url, { ...options, method: 'POST' }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(answerOf(response, Buffer.concat(chunks))));
      response.on('error', failed);
    })
      .on('socket', (socket) => socket.unref())
      .on('error', failed)
      .end(body);
  });
}

function answerOf({ statusCode = 0, headers }: IncomingMessage, data: Buffer): ExportResponse {
  if (statusCode >= 200 && statusCode < 300) return { status: 'success', data };
  const error = new Error(`HTTP ${statusCode}`);
  if (!BUSY.has(statusCode)) return { status: 'failure', error };
  const retryInMillis = retryAfter(headers['retry-after']);
  return { status: 'retryable', error, ...(retryInMillis !== undefined && { retryInMillis }) };
}

/** Seconds or a date. */
function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
