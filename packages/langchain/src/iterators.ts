import { endWhenDropped } from '@throughline/core';
import { cancelRun, endRun, failRun, inFrame, inRun } from './run.js';
import type { Frame, Run } from './run.js';

/** What a generator, synchronous or not, answers a step with. */
type Step = IteratorResult<unknown> | Promise<IteratorResult<unknown>>;

/** A generator, or what a program passes for one. */
export interface AnyIterator {
  next(...args: unknown[]): Step;
  return?(value?: unknown): Step;
  throw?(error?: unknown): Step;
}

export function isIterator(value: unknown): value is AnyIterator {
  return typeof value === 'object' && value !== null && typeof (value as Partial<AnyIterator>).next === 'function';
}

/**
 * An iterator that behaves as the given one and takes its steps by `take`. It inherits from the given one: `instanceof`,
 * `Symbol.asyncIterator` and whatever else it has stay.
 */
function stepped<I extends AnyIterator>(iterator: I, take: (name: keyof AnyIterator, step: () => Step) => Step): I {
  const wrapper = Object.create(iterator) as I;
  for (const name of ['next', 'return', 'throw'] as const) {
    const method = iterator[name];
    if (typeof method !== 'function') continue;
    Object.defineProperty(wrapper, name, {
      configurable: true,
      writable: true,
      value: (...args: unknown[]) => take(name, () => Reflect.apply(method, iterator, args) as Step),
    });
  }
  return wrapper;
}

/**
 * Runs every step of a generator as code of a run: a generator resumes in the context of whoever pulls it.
 *
 * @param onChunk sees each value that the generator gives.
 * @param onLeft is called when it is left early.
 */
export function bindIterator<I extends AnyIterator>(
  iterator: I,
  run: Run,
  onChunk?: (value: unknown) => void,
  onLeft?: () => void,
): I {
  return stepped(iterator, (name, step) => {
    const taken = inRun(run, step);
    if (name !== 'next') return onLeft === undefined ? taken : afterwards(taken, onLeft, onLeft);
    if (onChunk === undefined) return taken;
    return afterwards(taken, (result) => {
      if (result.done !== true) onChunk(result.value);
    });
  });
}

function afterwards(
  step: Step,
  settled: (result: IteratorResult<unknown>) => void,
  failed?: (error: unknown) => void,
): Step {
  if (!(step instanceof Promise)) {
    settled(step);
    return step;
  }
  return step.then(
    (result: IteratorResult<unknown>) => {
      settled(result);
      return result;
    },
    (error: unknown) => {
      failed?.(error);
      throw error;
    },
  );
}

/**
 * Watches the generator of a stream, because LangChain says nothing of one that is left: `return()` ends its run; after
 * an abort nobody pulls any more, so the run ends when the step under way is over; one that is dropped ends when the
 * generator is collected.
 *
 * @param frame gets the run: the first that starts inside the first step, or one that is put there.
 * @param claims whether the first step runs in the frame.
 */
export function guardStream<I extends AnyIterator>(iterator: I, frame: Frame, claims: boolean): I {
  const { signal } = frame;
  let begun = false;
  let pending: Step | undefined;

  const over = (end?: (run: Run) => void): void => {
    signal?.removeEventListener('abort', aborted);
    const [run] = frame.started;
    if (run !== undefined) end?.(run);
  };
  const cancel = (): void => {
    over(cancelRun);
  };
  // The generator learns of the abort in its own way; only when it stays silent the run is ended here.
  const cancelSoon = (): void => {
    setImmediate(cancel);
  };
  const aborted = (): void => {
    if (pending instanceof Promise) pending.then(cancelSoon, cancelSoon);
    else cancelSoon();
  };

  const stream = stepped(iterator, (name, step) => {
    if (name !== 'next') return afterwards(step(), cancel, cancel);
    const first = !begun;
    begun = true;
    if (first) signal?.addEventListener('abort', aborted, { once: true });
    pending = afterwards(
      first && claims ? inFrame(frame, step) : step(),
      (result) => {
        pending = undefined;
        if (result.done === true) over(succeed);
        else if (first) endWithStream();
      },
      (error) => {
        pending = undefined;
        over((run) => {
          failRun(run, error);
        });
      },
    );
    return pending;
  });

  const reference = new WeakRef(stream);
  const endWithStream = (): void => {
    const held = reference.deref();
    const execution = frame.started[0]?.execution;
    if (held !== undefined && execution !== undefined) endWhenDropped(held, execution);
  };
  return stream;
}

/** The callbacks come first; a run is still open here only when LangChain forgot it. */
function succeed(run: Run): void {
  endRun(run, (execution) => {
    execution.succeed();
  });
}
