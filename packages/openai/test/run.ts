import { startOpenAIServer } from '@throughline/testing';
import type { OpenAIServer, Script } from '@throughline/testing';
import type { OpenAI } from 'openai';
import { openai } from '../src/index.js';
import { modulesOf } from './majors.js';
import type { Major } from './majors.js';

/** What a scenario's program has. */
export interface World {
  readonly api: Major;
  readonly client: OpenAI;
  readonly server: OpenAIServer;
}

export type Program = (world: World) => Promise<unknown>;

/** What one run of a program shows: to itself, and to the server. */
export interface Sight {
  readonly seen: unknown;
  readonly requests: readonly unknown[];
}

/** Runs a program against a server of its own, so that two runs differ in nothing but us. */
export async function run(api: Major, scripts: readonly Script[], program: Program): Promise<Sight> {
  const server = await startOpenAIServer();
  server.next(...scripts);
  const client = new api.OpenAI({ apiKey: 'sk-SECRETKEY', baseURL: server.url, maxRetries: 0, logLevel: 'off' });
  try {
    const seen = await program({ api, client, server });
    const requests = server.exchanges.map(({ method, path, rawBody, headers, status }) => ({
      method,
      path,
      rawBody,
      status,
      headers: Object.keys(headers).toSorted(),
    }));
    return { seen, requests };
  } finally {
    await server.close();
  }
}

/** The same with the adapter attached. */
export async function runTraced(
  api: Major,
  scripts: readonly Script[],
  program: Program,
  options: Parameters<typeof openai>[0] = {},
): Promise<Sight> {
  const adapter = openai(options);
  for (const module of modulesOf(api)) adapter.instrument(module);
  try {
    return await run(api, scripts, program);
  } finally {
    adapter.disable();
  }
}

/** What a program can tell of an error. */
export async function errorOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    return { value: await promise };
  } catch (error) {
    return tell(error);
  }
}

export function tell(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { status, requestID, code } = error as { status?: unknown; requestID?: unknown; code?: unknown };
  return {
    class: error.constructor.name,
    message: error.message.replaceAll(/:\d{4,5}\b/g, ':port'),
    status,
    requestID,
    code,
  };
}

export async function read<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const chunks: T[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}
