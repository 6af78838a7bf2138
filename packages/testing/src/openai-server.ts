import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Ask } from './openai/ask.js';
import { deliver } from './openai/deliver.js';
import { closedGate, type Gate, type GateKeeper } from './openai/gate.js';
import type { StoredResponse } from './openai/responses.js';
import { endpointOf, generatesText, notFound, replyTo } from './openai/route.js';
import type { Endpoint, Script, TokenUsage } from './openai/script.js';

export type { Ask } from './openai/ask.js';
export { embed } from './openai/embeddings.js';
export type { Gate } from './openai/gate.js';
export type * from './openai/script.js';
export * as scenario from './openai/scenario.js';

export interface OpenAIServerOptions {
  /** Asked when nothing is queued for a request; undefined leaves it to the default, an echo of the last user message. */
  readonly respond?: (ask: Ask) => Script | undefined | Promise<Script | undefined>;
  readonly host?: string;
}

/** A local server that speaks OpenAI's wire format. */
export interface OpenAIServer {
  /** For the client's `baseURL`, with `/v1`. */
  readonly url: string;
  readonly origin: string;
  readonly port: number;
  /** All requests so far, in the order of their arrival. */
  readonly exchanges: readonly Exchange[];
  /** What a bill would say: every answer counts in full, also when its usage was not sent or its stream broke. */
  readonly usage: Readonly<UsageTotal>;
  /** Queues answers; each request takes the first that is meant for its kind. */
  next(...scripts: readonly (Script | readonly Script[])[]): void;
  /** From now on every chunk waits, until `open()`. A stream's headers pass. */
  gate(): Gate;
  /** Settles with request number `index` (from 0) as soon as it has arrived. */
  exchange(index: number): Promise<Exchange>;
  /** Forgets requests, usage, queue, gate and stored responses. */
  reset(): void;
  close(): Promise<void>;
}

export interface UsageTotal {
  input: number;
  output: number;
  /** Answers that had usage, not requests. */
  requests: number;
}

/** A request and what became of it. */
export interface Exchange extends Omit<Ask, 'endpoint'> {
  readonly endpoint: Endpoint | undefined;
  /** What the client was told in `x-request-id`. */
  readonly requestId: string;
  readonly status: number | undefined;
  readonly usage: TokenUsage | undefined;
  /** Chunks that the answer has, and that were written while the client was there. */
  readonly chunks: number;
  readonly written: number;
  /** The client closed before the answer's end. */
  readonly disconnected: boolean;
  /** Settles when nothing more will be written, for whatever reason. */
  readonly closed: Promise<void>;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

export async function startOpenAIServer(options: OpenAIServerOptions = {}): Promise<OpenAIServer> {
  const { respond, host = '127.0.0.1' } = options;
  const exchanges: Exchange[] = [];
  const expected: { readonly index: number; readonly resolve: (exchange: Exchange) => void }[] = [];
  const queue: Script[] = [];
  const store = new Map<string, StoredResponse>();
  const usage: UsageTotal = { input: 0, output: 0, requests: 0 };
  let keeper: GateKeeper | undefined;
  let answers = 0;

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { ask, endpoint } = await read(request);
    const id = String((answers += 1)).padStart(6, '0');
    const exchange = begin(ask, endpoint, `req_${id}`, response);
    const script = endpoint === undefined ? {} : (taken(endpoint) ?? (await respond?.({ ...ask, endpoint })) ?? {});
    const reply = endpoint === undefined ? notFound() : replyTo({ ...ask, endpoint }, script, id, store);

    const leaves = (): void => {
      const ours = reply.ending !== 'stall' && reply.ending !== 'silent' && exchange.written === exchange.chunks;
      exchange.disconnected = !ours;
    };
    Object.assign(exchange, { status: reply.status, usage: reply.usage, chunks: reply.chunks.length });
    if (reply.usage && reply.ending !== 'hangUp' && reply.ending !== 'silent') {
      usage.input += reply.usage.input;
      usage.output += reply.usage.output;
      usage.requests += 1;
    }
    if (response.closed) return leaves();
    response.once('close', leaves);
    response.setHeader('x-request-id', exchange.requestId);
    response.setHeader('openai-version', '2020-10-01');
    response.setHeader('openai-processing-ms', '1');
    await deliver(
      reply,
      response,
      () => keeper,
      () => (exchange.written += 1),
    );
  }

  function begin(
    ask: Omit<Ask, 'endpoint'>,
    endpoint: Endpoint | undefined,
    requestId: string,
    response: ServerResponse,
  ) {
    const exchange: Mutable<Exchange> = {
      ...ask,
      endpoint,
      requestId,
      status: undefined,
      usage: undefined,
      chunks: 0,
      written: 0,
      disconnected: false,
      closed: new Promise<void>((resolve) => response.once('close', resolve)),
    };
    exchanges.push(exchange);
    for (const one of expected.splice(0)) {
      const arrived = exchanges[one.index];
      if (arrived) one.resolve(arrived);
      else expected.push(one);
    }
    return exchange;
  }

  function taken(endpoint: Endpoint): Script | undefined {
    const fits = (script: Script) => (script.endpoint ? script.endpoint === endpoint : generatesText(endpoint));
    const at = queue.findIndex(fits);
    return at === -1 ? undefined : queue.splice(at, 1)[0];
  }

  function gate(): Gate {
    keeper?.open();
    keeper = closedGate();
    return keeper;
  }

  return {
    url: `${origin}/v1`,
    origin,
    port,
    exchanges,
    usage,
    gate,
    next(...scripts) {
      queue.push(...scripts.flat());
    },
    exchange(index) {
      const here = exchanges[index];
      return here ? Promise.resolve(here) : new Promise((resolve) => expected.push({ index, resolve }));
    },
    reset() {
      keeper?.open();
      keeper = undefined;
      exchanges.length = 0;
      queue.length = 0;
      store.clear();
      Object.assign(usage, { input: 0, output: 0, requests: 0 });
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      keeper?.open();
    },
  };
}

async function read(request: IncomingMessage): Promise<{ ask: Omit<Ask, 'endpoint'>; endpoint: Endpoint | undefined }> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const rawBody = Buffer.concat(parts).toString('utf8');
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  const method = request.method ?? 'GET';
  const isJson = request.headers['content-type']?.includes('json') && rawBody !== '';
  return {
    endpoint: endpointOf(method, pathname),
    ask: {
      method,
      path: pathname,
      query: searchParams,
      headers: request.headers,
      body: isJson ? (JSON.parse(rawBody) as Record<string, unknown>) : {},
      rawBody,
    },
  };
}
