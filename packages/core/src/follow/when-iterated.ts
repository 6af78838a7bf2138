import type { AnyExecution } from '../execution.js';
import { guard } from '../guard.js';
import type { AnyFunction } from '../patch.js';

/**
 * Watches the iteration of a stream: every chunk, its end, its failure, and being left early. The caller gets the very
 * iterator that was given, with whatever else it can do, and the same chunk objects.
 *
 * @param finished ends the execution when the iteration is done; it has succeeded by default.
 */
export function observeIterator<Iterator extends AsyncIterator<unknown>>(
  iterator: Iterator,
  execution: AnyExecution,
  finished: () => void = () => {
    execution.succeed();
  },
): Iterator {
  const arrived = (result: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (result.done === true) finished();
    else execution.chunk(result.value);
    return result;
  };
  const failed = (error: unknown): never => {
    execution.fail(error);
    throw error;
  };
  replace(
    iterator,
    'next',
    (next) =>
      function (this: unknown, ...args: never[]): unknown {
        let step: unknown;
        try {
          step = Reflect.apply(next, this, args);
        } catch (error) {
          return failed(error);
        }
        return isThenable(step) ? step.then(arrived, failed) : arrived(step as IteratorResult<unknown>);
      },
  );
  return observeLeaving(iterator, execution);
}

/** Watches only whether an iterator is left before its end; the program gave the call up then. */
export function observeLeaving<Iterator extends AsyncIterator<unknown>>(
  iterator: Iterator,
  execution: AnyExecution,
): Iterator {
  for (const name of ['return', 'throw'] as const) {
    replace(
      iterator,
      name,
      (leave) =>
        function (this: unknown, ...args: never[]): unknown {
          execution.cancel();
          return Reflect.apply(leave, this, args);
        },
    );
  }
  return iterator;
}

function replace(iterator: object, name: string, wrap: (original: AnyFunction) => AnyFunction): void {
  guard('watching a stream', () => {
    const original = (iterator as Record<string, unknown>)[name];
    if (typeof original !== 'function') return;
    Object.defineProperty(iterator, name, {
      configurable: true,
      enumerable: false,
      writable: true,
      value: wrap(original as AnyFunction),
    });
  });
}

function isThenable(step: unknown): step is PromiseLike<IteratorResult<unknown>> {
  return typeof (step as { then?: unknown } | null | undefined)?.then === 'function';
}

const dropped = new FinalizationRegistry<AnyExecution>((execution) => {
  execution.cancel();
});

/** Ends the execution when the program drops `held` without ever finishing with it. The execution must not refer to it. */
export function endWhenDropped(held: object, execution: AnyExecution): void {
  dropped.register(held, execution);
}
