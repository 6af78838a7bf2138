import { context } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { guard, intercept, module } from '@throughline/core';
import type { ModuleTarget } from '@throughline/core';

const CALL: unique symbol = Symbol('throughline.http.call');

/** The program's call behind what a dispatcher was handed. */
export interface DispatchedCall {
  readonly context: Context;
  /** What follows redirects and repeats requests has this call for all attempts. */
  readonly repeats: boolean;
}

interface Handler {
  /** What follows redirects and repeats requests holds the program's handler. */
  readonly handler?: unknown;
  [CALL]?: DispatchedCall;
}

interface Dispatcher {
  dispatch(options: object, handler: Handler): boolean;
}

/** The class of all dispatchers, or undici itself. */
interface Exports {
  readonly prototype?: Dispatcher;
  readonly Agent?: { readonly prototype: Dispatcher };
}

/**
 * Notes with each handler whose call it belongs to. What a pool with a limited number of connections keeps waiting,
 * and what undici 7 wraps, cannot be asked later.
 */
export const undiciDispatch: ModuleTarget = module<Exports>(
  'undici',
  '>=6 <9',
  ['lib/dispatcher/dispatcher-base.js'],
  (exports, { file }) => {
    const prototype = file === undefined ? ownerOfDispatch(exports.Agent?.prototype) : exports.prototype;
    if (typeof prototype?.dispatch !== 'function') return [];
    let around: DispatchedCall | undefined;
    return [
      intercept(prototype, 'dispatch', (original) => {
        return function (this: unknown, ...args: readonly unknown[]): unknown {
          const outer = around;
          around = guard('dispatching a request', () => note(args[1], outer));
          try {
            return Reflect.apply(original, this, args as never[]);
          } finally {
            around = outer;
          }
        };
      }),
    ];
  },
);

/** The agent's class inherits it. */
function ownerOfDispatch(prototype: object | null | undefined): Dispatcher | undefined {
  if (prototype === undefined || prototype === null) return undefined;
  return Object.hasOwn(prototype, 'dispatch')
    ? (prototype as Dispatcher)
    : ownerOfDispatch(Object.getPrototypeOf(prototype) as object | null);
}

/** The call that a handler was dispatched by, where the class of dispatchers is within reach. */
export function dispatchedCall(handler: Handler | undefined): DispatchedCall | undefined {
  return handler?.[CALL];
}

/** Agents hand a request on to pools, and pools to clients, in wrappers of their own: all of them have one call. */
function note(given: unknown, outer: DispatchedCall | undefined): DispatchedCall | undefined {
  if (typeof given !== 'object' || given === null || !Object.isExtensible(given)) return outer;
  const handler = given as Handler;
  const known = handler[CALL];
  if (known !== undefined) return known;
  const repeats = handler.handler !== undefined;
  const call =
    outer !== undefined && (outer.repeats || !repeats)
      ? outer
      : { context: outer?.context ?? context.active(), repeats };
  handler[CALL] = call;
  return call;
}
