import type { LibraryTarget } from '@throughline/core';
import { servingOf } from '../serving.js';
import { framework } from './framework.js';
import { see } from './see.js';

interface Application {
  createContext(request: unknown, response: unknown): unknown;
}

/** Koa has no routes; `@koa/router` and `koa-router` write theirs into the context. */
export const koa: LibraryTarget = framework<{ prototype: Application }>(
  'koa',
  '>=2 <4',
  ['lib/application.js'],
  ({ prototype }) => [
    see(prototype, 'createContext', (_, [request]) => (made) => {
      const serving = servingOf(request);
      if (serving !== undefined) serving.readRoute = () => matchedRoute(made);
    }),
  ],
);

function matchedRoute(context: unknown): string | undefined {
  const { _matchedRoute: matched } = context as { readonly _matchedRoute?: unknown };
  return typeof matched === 'string' || matched instanceof RegExp ? String(matched) : undefined;
}
