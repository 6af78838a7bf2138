import { guard, intercept, module } from '@throughline/core';
import type { AnyFunction, LibraryTarget, Target } from '@throughline/core';
import { servingOf } from '../serving.js';

/** One entry of a router's stack: a route, or what was given to `use`. */
interface Layer {
  readonly route?: { readonly path?: unknown } | undefined;
  /** The path that it was registered with; since router 2.3. */
  readonly rawPath?: unknown;
}

interface Router {
  readonly stack: readonly Layer[];
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
  module<object>('express', '>=4 <5', ['lib/router/index.js'], (router) => onRouter(router as never)),
  module<{ prototype: object }>('express', '>=4 <5', ['lib/router/layer.js'], onLayer),
  module<object>('express', '>=5 <6', ['lib/express.js'], () => [() => () => {}]),
  module<{ prototype: object }>('router', '>=2 <3', ['index.js'], ({ prototype }) => onRouter(prototype as never)),
  module<{ prototype: object }>('router', '>=2 <3', ['lib/layer.js'], onLayer),
];

type Method = (this: unknown, ...args: unknown[]) => unknown;

function onRouter(router: { use: Method; handle: Method }): Target[] {
  return [
    intercept(router, 'use', (original) =>
      calling(original, (apply, self: Router, args) => {
        const before = self.stack.length;
        const returned = apply();
        guard('noting a route', () => {
          const path = pathIn(args[0]);
          for (const layer of self.stack.slice(before)) paths.set(layer, path);
        });
        return returned;
      }),
    ),
    intercept(router, 'handle', (original) =>
      calling(original, (apply, self: Router, [request]) => {
        guard('entering a router', () => enter(self, request));
        return apply();
      }),
    ),
  ];
}

function onLayer({ prototype }: { prototype: object }): Target[] {
  const layer = prototype as { handle_request: Method; handleRequest: Method };
  return (['handle_request', 'handleRequest'] as const)
    .filter((name) => name in layer)
    .map((name) =>
      intercept(layer, name, (original) =>
        calling(original, (apply, self: Layer, [request]) => {
          guard('following a route', () => pass(self, request));
          return apply();
        }),
      ),
    );
}

function calling<Self>(
  original: AnyFunction,
  around: (apply: () => unknown, self: Self, args: readonly unknown[]) => unknown,
): AnyFunction {
  return function (this: unknown, ...args: never[]): unknown {
    return around(() => Reflect.apply(original, this, args), this as Self, args);
  };
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
