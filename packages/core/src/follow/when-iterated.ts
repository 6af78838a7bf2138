import type { AnyExecution } from '../execution.js';

/**
 * Watches the iteration of a stream: every chunk, its end, its failure, and being left early. The iterator that the
 * caller gets has the same methods as the given one, and gives the same chunk objects.
 */
export function observeIterator<Chunk>(
  iterator: AsyncIterator<Chunk>,
  execution: AnyExecution,
): AsyncIterableIterator<Chunk> {
  const observe = (step: Promise<IteratorResult<Chunk>>): Promise<IteratorResult<Chunk>> =>
    step.then(
      (result) => {
        if (result.done === true) execution.succeed();
        else execution.chunk(result.value);
        return result;
      },
      (error: unknown) => {
        execution.fail(error);
        throw error;
      },
    );
  const observed: AsyncIterableIterator<Chunk> = {
    next: (...args) => observe(iterator.next(...args)),
    [Symbol.asyncIterator]: () => observed,
  };
  const leave = iterator.return?.bind(iterator);
  if (leave !== undefined) {
    observed.return = (value) => {
      execution.cancel();
      return leave(value);
    };
  }
  const raise = iterator.throw?.bind(iterator);
  if (raise !== undefined) {
    observed.throw = (error) => {
      execution.cancel();
      return raise(error);
    };
  }
  return observed;
}

const dropped = new FinalizationRegistry<AnyExecution>((execution) => {
  execution.cancel();
});

/** Ends the execution when the program drops `held` without ever finishing with it. The execution must not refer to it. */
export function endWhenDropped(held: object, execution: AnyExecution): void {
  dropped.register(held, execution);
}
