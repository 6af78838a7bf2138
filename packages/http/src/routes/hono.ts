import type { AnyFunction, LibraryTarget } from '@throughline/core';
import { servingNow } from '../serving.js';
import { framework } from './framework.js';
import { see } from './see.js';

interface Router {
  add(method: string, path: string, entry: unknown): void;
}

/** What Hono gives its router: the function that is called, and the route as `app.routes` shows it. */
type Entry = [handler: AnyFunction, route: Route];

interface Route {
  readonly method: string;
  readonly path: string;
}

const ROUTERS = ['smart-router', 'reg-exp-router', 'trie-router', 'linear-router', 'pattern-router'];

/** The entries that tell already. A router hands them on to another one. */
const telling = new WeakSet<Entry>();

/**
 * Hono's dispatch is private, and an application's methods are its own. But every route goes through `add` of a router
 * as a pair of its own making: the first half is what is called, the second half what a program can see.
 */
export const hono: LibraryTarget = framework<Record<string, unknown>>(
  'hono',
  '>=4 <5',
  ROUTERS.flatMap((router) => [`dist/router/${router}/router.js`, `dist/cjs/router/${router}/router.js`]),
  (exports) =>
    Object.values(exports)
      .filter(isRouterClass)
      .map(({ prototype }) => see(prototype, 'add', (_, [, , entry]) => tell(entry))),
);

function tell(entry: unknown): void {
  if (!isEntry(entry) || telling.has(entry)) return;
  telling.add(entry);
  const [handler, route] = entry;
  entry[0] = function (this: unknown, ...args): unknown {
    chosen(route);
    return Reflect.apply(handler, this, args);
  };
}

function chosen({ method, path }: Route): void {
  const serving = servingNow();
  if (serving === undefined) return;
  // Middleware is a route for everything: when nothing else was there, it has not found one.
  if (method === 'ALL' && path.endsWith('*')) serving.readRoute = (status) => (status === 404 ? undefined : path);
  else serving.route = path;
}

function isEntry(entry: unknown): entry is Entry {
  if (!Array.isArray(entry)) return false;
  const [handler, route] = entry as unknown[];
  return typeof handler === 'function' && typeof (route as Partial<Route> | undefined)?.path === 'string';
}

function isRouterClass(exported: unknown): exported is { prototype: Router } {
  return (
    typeof exported === 'function' && typeof (exported.prototype as Partial<Router> | undefined)?.add === 'function'
  );
}
