import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Glossary {
  readonly url: string;
  /** The next request is answered with 503. */
  failOnce(): void;
  close(): void;
}

const terms: Readonly<Record<string, string>> = {
  reranking:
    'Reranking sorts what a quick search found once more, by reading each candidate together with the question.',
  'back-pressure': 'Back-pressure is a slow reader’s way to make the writer wait.',
};

/** The second service: `GET /terms/reranking`. */
export async function startGlossary(): Promise<Glossary> {
  let failing = false;
  const server = createServer((request, response) => {
    const meaning = terms[decodeURIComponent(request.url?.replace('/terms/', '') ?? '')];
    if (failing) response.writeHead(503).end();
    else if (meaning === undefined) response.writeHead(404).end();
    else response.end(meaning);
    failing = false;
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failOnce() {
      failing = true;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
