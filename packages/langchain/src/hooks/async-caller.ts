import { context } from '@opentelemetry/api';
import { intercept, module } from '@throughline/core';
import type { AnyFunction, ModuleTarget } from '@throughline/core';

interface CallerPrototype {
  call(...args: unknown[]): unknown;
  /** Since 1.1, below `call`. */
  callWithRetries?(...args: unknown[]): unknown;
}

interface Exports {
  readonly AsyncCaller?: { readonly prototype: CallerPrototype };
}

/** The queue of `batch()` and of a model with `maxConcurrency`: what waits would run in the context of what ran before. */
export function asyncCaller(versions: string): ModuleTarget {
  const files = ['dist/utils/async_caller.js', 'dist/utils/async_caller.cjs'];
  return module<Exports>('@langchain/core', versions, files, ({ AsyncCaller }) => {
    if (AsyncCaller === undefined) return [];
    const { prototype } = AsyncCaller;
    return prototype.callWithRetries === undefined
      ? [intercept(prototype, 'call', bound(0))]
      : [intercept(prototype, 'callWithRetries', bound(1))];
  });
}

function bound(at: number): (original: AnyFunction) => AnyFunction {
  return (original) =>
    function (this: unknown, ...args: never[]): unknown {
      const given: unknown[] = [...args];
      if (typeof given[at] === 'function') given[at] = context.bind(context.active(), given[at]);
      return Reflect.apply(original, this, given as never[]);
    };
}
