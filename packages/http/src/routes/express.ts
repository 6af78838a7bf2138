import type { LibraryTarget, Target } from '@throughline/core';
import { servingOf } from '../serving.js';
import { framework } from './framework.js';
import { see } from './see.js';

/** One entry of a router's stack: a route, or what was given to `use`. */
interface Layer {
  readonly route?: { readonly path?: unknown } | undefined;
  /** The path that it was registered with; since router 2.3. */
  readonly rawPath?: unknown;
  /** Of Express 4. */
  handle_request(request: unknown, response: unknown, next: unknown): void;
  /** Of Express 5. */
  handleRequest(request: unknown, response: unknown, next: unknown): void;
}

interface Router {
  readonly stack: readonly Layer[];
  use(path: unknown, ...handlers: unknown[]): unknown;
  handle(request: unknown, response: unknown, done: unknown): void;
}

/** Where a request is in nested routers. */
interface Routing {
  /** The template of the path under which each router was entered; `undefined` where it is not known. */
  readonly entered: Map<Router, string | undefined>;
  /** The template of the path of the layer that runs. */
  layer: string | undefined;
}

/**
 * Express keeps no templates of mounted routers: `req.baseUrl` is the path as it was requested. So paths are noted when
 * they are registered, and put together while a request goes from layer to layer.
 */
const paths = new WeakMap<Layer, unknown>();
const owners = new WeakMap<Layer, Router>();
const learned = new WeakMap<Router, number>();

/** Express 4 has its router inside, Express 5 has it from the package `router`. */
export const express: readonly LibraryTarget[] = [
  framework('express', '>=4 <5', ['lib/router/index.js'], onRouter),
  framework('express', '>=4 <5', ['lib/router/layer.js'], onLayer),
  framework('express', '>=5 <6', ['lib/express.js'], () => [() => () => {}]),
  framework('router', '>=2 <3', ['index.js'], ({ prototype }: { prototype: Router }) => onRouter(prototype)),
  framework('router', '>=2 <3', ['lib/layer.js'], onLayer),
];

function onRouter(router: Router): Target[] {
  return [
    see(router, 'use', ({ stack }, [first]) => {
      const before = stack.length;
      return () => {
        for (const layer of stack.slice(before)) paths.set(layer, pathIn(first));
      };
    }),
    see(router, 'handle', (self, [request]) => enter(self, request)),
  ];
}

function onLayer({ prototype }: { prototype: Layer }): Target[] {
  return (['handle_request', 'handleRequest'] as const)
    .filter((name) => name in prototype)
    .map((name) => see(prototype, name, (layer, [request]) => pass(layer, request)));
}

function enter(router: Router, request: unknown): void {
  const serving = servingOf(request);
  if (serving?.recording?.execution.observed !== true) return;
  const routing = (serving.routing ??= { entered: new Map(), layer: '' }) as Routing;
  // The outermost router again, when the program sends a request through its routes a second time.
  const outermost = ((request as { baseUrl?: unknown }).baseUrl ?? '') === '';
  routing.entered.set(router, outermost ? '' : routing.layer);
  if (learned.get(router) === router.stack.length) return;
  for (const layer of router.stack) owners.set(layer, router);
  learned.set(router, router.stack.length);
}

function pass(layer: Layer, request: unknown): void {
  const serving = servingOf(request);
  const routing = serving?.routing as Routing | undefined;
  const router = owners.get(layer);
  // The handlers of a route are layers too; they belong to no router.
  if (serving === undefined || routing === undefined || router === undefined) return;
  const base = routing.entered.get(router);
  if (layer.route === undefined) routing.layer = joined(base, withoutEnd(paths.get(layer) ?? layer.rawPath));
  else serving.route = joined(base, layer.route.path);
  if (serving.route === '') serving.route = '/';
}

function joined(base: string | undefined, path: unknown): string | undefined {
  if (base === undefined || path === undefined) return undefined;
  const text = textOf(path);
  return text === '/' ? base : base + text;
}

function withoutEnd(path: unknown): unknown {
  return typeof path === 'string' ? path.replace(/\/+$/, '') : path;
}

/** Several paths at once are named together: which of them it was, Express does not say. */
function textOf(path: unknown): string {
  return Array.isArray(path) ? path.flat(Infinity).map(textOf).join(',') : String(path);
}

/** The first argument of `use`, unless it is a handler or a list of handlers. */
function pathIn(first: unknown): unknown {
  let at = first;
  while (Array.isArray(at) && at.length > 0) at = at[0] as unknown;
  return typeof at === 'function' ? '/' : first;
}
