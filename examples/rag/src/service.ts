import { startTracing } from '@throughline/sdk';
export const tracing = startTracing({ serviceName: 'podcast-rag' });

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { context, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { currentTraceId } from '@throughline/core';
import { startAgent } from './agent.ts';
import { memoryCache, redisCache } from './cache.ts';
import { memoryLibrary, neo4jLibrary } from './library.ts';
import { startSearch } from './search.ts';

const { REDIS_URL, NEO4J_URL, GLOSSARY_URL = 'http://localhost:8081', PORT = '8080' } = process.env;

const cache = REDIS_URL ? redisCache(REDIS_URL) : memoryCache();
const library = NEO4J_URL ? neo4jLibrary(NEO4J_URL) : memoryLibrary();
const search = startSearch(library, cache);
const agent = startAgent(search, GLOSSARY_URL);

// No request: without this every call of it would be a trace of its own.
await context.with(suppressTracing(context.active()), () => search.load());

export const server = createServer((request, response) => {
  const { method, url } = request;
  const work = method === 'POST' && url === '/ask' ? ask(request, response) : notFound(response);
  work.catch((error: unknown) => {
    console.error(error);
    if (!response.headersSent) response.writeHead(500);
    response.end();
  });
}).listen(Number(PORT));

/** `{ "question": "…" }`; with `accept: text/event-stream` the answer comes word by word. */
async function ask(request: IncomingMessage, response: ServerResponse): Promise<void> {
  // node:http has no routes: who has chosen one says so.
  trace.getActiveSpan()?.setAttribute('http.route', '/ask').updateName('POST /ask');
  const { question } = (await json(request)) as { question?: unknown };
  response.setHeader('x-trace-id', currentTraceId() ?? '');
  if (typeof question !== 'string' || question === '') {
    response.writeHead(400).end('question is missing');
  } else if (request.headers.accept === 'text/event-stream') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for await (const words of agent.stream(question)) response.write(`data: ${JSON.stringify(words)}\n\n`);
    response.end();
  } else {
    const answer = await agent.answer(question);
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ answer }));
  }
}

async function notFound(response: ServerResponse): Promise<void> {
  response.writeHead(404).end();
}

export async function stop(): Promise<void> {
  server.close();
  server.closeIdleConnections();
  cache.close();
  await library.close();
}
process.once('SIGTERM', () => void stop());
