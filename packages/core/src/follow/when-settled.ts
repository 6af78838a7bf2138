import type { AnyExecution } from '../execution.js';
import type { Follow } from './follow.js';

/** The call is over when it returns. */
export const whenReturned: Follow = (returned, execution) => {
  execution.succeed(returned);
  return returned;
};

/**
 * The call is over when the promise that it returned settles; at once, when it returned none.
 *
 * A plain promise is replaced by its derivative, so that an unhandled rejection stays unhandled, once. A subclass of
 * Promise is returned as it is, and a failure of it is seen without handling it only through its own `then`: a follow
 * of the library's own is better there.
 */
export const whenSettled: Follow = (returned, execution) => {
  if (!(returned instanceof Promise) || returned.constructor !== Promise) {
    if (isThenable(returned)) return observeThenable(returned, execution);
    execution.succeed(returned);
    return returned;
  }
  return returned.then(
    (value: unknown) => {
      execution.succeed(value);
      return value;
    },
    (error: unknown) => {
      execution.fail(error);
      throw error;
    },
  ) as typeof returned;
};

/** Sees the outcome in the callbacks that the program itself hands to `then`. */
function observeThenable<R extends PromiseLike<unknown>>(returned: R, execution: AnyExecution): R {
  const then = returned.then as (this: R, ...callbacks: unknown[]) => unknown;
  Object.defineProperty(returned, 'then', {
    configurable: true,
    enumerable: false,
    writable: true,
    value(this: R, fulfilled?: unknown, rejected?: unknown): unknown {
      return then.call(
        this,
        (value: unknown) => {
          execution.succeed(value);
          return typeof fulfilled === 'function' ? (fulfilled(value) as unknown) : value;
        },
        (error: unknown) => {
          execution.fail(error);
          if (typeof rejected === 'function') return rejected(error) as unknown;
          throw error;
        },
      );
    },
  });
  return returned;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}
