import { listen } from '@throughline/core';
import type { LibraryTarget, Target } from '@throughline/core';
import { servingOf } from '../serving.js';
import { framework } from './framework.js';
import { see } from './see.js';

interface Request {
  readonly raw: unknown;
  readonly routeOptions: { readonly url?: unknown };
}

interface Reply {
  readonly request: Request;
  send(payload: unknown): unknown;
}

/** Fastify publishes the route when its handler is called: also from inside a bundle. */
export const fastifyChannel: Target = listen(
  'tracing:fastify.request.handler:start',
  ({ request, route }: { request: Request; route: { readonly url?: unknown } }) => chosen(request, route.url),
);

/** A hook that answers instead of the handler is not published. */
export const fastify: LibraryTarget = framework<{ prototype: Reply }>(
  'fastify',
  '>=4 <6',
  ['lib/reply.js'],
  ({ prototype }) => [
    see(prototype, 'send', ({ request }) => {
      if (servingOf(request.raw)?.route === undefined) chosen(request, request.routeOptions.url);
    }),
  ],
);

/** Without a URL when no route was found. */
function chosen({ raw }: Request, url: unknown): void {
  const serving = servingOf(raw);
  if (serving !== undefined && typeof url === 'string') serving.route = url;
}
