import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const file = (name: string): string => readFileSync(fileURLToPath(new URL(name, import.meta.url)), 'utf8');

/** A self-signed certificate for localhost, made for these tests. */
export const certificate: { readonly key: string; readonly cert: string } = {
  key: file('localhost-key.pem'),
  cert: file('localhost-cert.pem'),
};

export interface LocalServer {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  /** The head of each request, in order; headers as they came, names in lower case. */
  readonly requests: { readonly url: string; readonly headers: readonly (readonly [string, string])[] }[];
  close(): Promise<void>;
}

/** A real server on a free port. */
export async function localServer(
  answer: RequestListener = (_, response) => response.end('hello'),
  protocol: 'http' | 'https' | 'h2' = 'http',
): Promise<LocalServer> {
  const requests: LocalServer['requests'] = [];
  const listener = (request: IncomingMessage, response: Parameters<RequestListener>[1]): void => {
    requests.push({ url: request.url ?? '', headers: pairs(request.rawHeaders) });
    answer(request, response);
  };
  const server = {
    http: () => createServer(listener),
    https: () => createTlsServer(certificate, listener),
    h2: () => createSecureServer(certificate, listener as never) as unknown as Server,
  }[protocol]();
  await new Promise<void>((listening) => {
    server.listen(0, 'localhost', listening);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${protocol === 'http' ? 'http' : 'https'}://localhost:${port}`,
    port,
    server,
    requests,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}

/** A port that nobody listens on. */
export async function closedPort(): Promise<number> {
  const { port, close } = await localServer();
  await close();
  return port;
}

function pairs(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, index) => [
    (raw[2 * index] as string).toLowerCase(),
    raw[2 * index + 1] as string,
  ]);
}

/** All values that a request had for a header. */
export function values({ headers }: LocalServer['requests'][number], name: string): string[] {
  return headers.filter(([key]) => key === name).map(([, value]) => value);
}
