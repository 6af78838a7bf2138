import type { AnyExecution } from '../execution.js';
import { guard } from '../guard.js';
import type { AnyFunction } from '../patch.js';

/** Who is told how an iteration goes on: usually an execution. */
export type IterationWatcher = Pick<AnyExecution, 'chunk' | 'succeed' | 'fail' | 'cancel'>;

/**
 * Watches the iteration of a stream: every chunk, its end, its failure, and being left early. The caller gets the very
 * iterator that was given, with whatever else it can do, and the same chunk objects.
 */
export function observeIterator<Iterator extends AsyncIterator<unknown>>(
  iterator: Iterator,
  watcher: IterationWatcher,
): Iterator {
  const arrived = (result: IteratorResult<unknown>): IteratorResult<unknown> => {
    if (result.done === true) watcher.succeed();
    else watcher.chunk(result.value);
    return result;
  };
  const failed = (error: unknown): never => {
    watcher.fail(error);
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
  return observeLeaving(iterator, watcher);
}

/** Watches only whether an iterator is left before its end; the program gave the call up then. */
export function observeLeaving<Iterator extends AsyncIterator<unknown>>(
  iterator: Iterator,
  watcher: IterationWatcher,
): Iterator {
  for (const name of ['return', 'throw'] as const) {
    replace(
      iterator,
      name,
      (leave) =>
        function (this: unknown, ...args: never[]): unknown {
          watcher.cancel();
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

/** Usually an execution; whoever knows better than it how a dropped call has ended, otherwise. */
type Cancellable = Pick<AnyExecution, 'cancel'>;

const dropped = new FinalizationRegistry<Cancellable>((call) => {
  call.cancel();
});

/**
 * Ends the execution when the program drops `held` without ever finishing with it. The execution must not refer to it.
 * Until they are forgotten, both outlive every young generation: use it where a call can really be dropped.
 */
export function endWhenDropped(held: object, execution: Cancellable): void {
  dropped.register(held, execution, held);
}

/** The call of `held` has ended by itself. */
export function forgetDropped(held: object): void {
  dropped.unregister(held);
}
