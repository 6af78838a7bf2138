import process from 'node:process';
import type { Pipeline } from './pipeline.js';
import type { Tracing } from './start-tracing.js';

/** Milliseconds that the end of the process waits for spans to be sent. */
const PATIENCE = 2_000;

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * Flushes when the program ends: at its normal end, and at a signal. The exit code stays, and a signal that the
 * program does not handle ends it as without us.
 *
 * @returns what stops watching.
 */
export function watchEnding(pipeline: Pipeline, tracing: Pick<Tracing, 'flush'>): () => void {
  let watching = true;
  const flushForGood = (): Promise<void> => {
    pipeline.hurry();
    return tracing.flush(PATIENCE);
  };
  const onEnd = (): void => {
    // Waiting keeps the process alive, after which this event comes again.
    if (pipeline.hasNews()) void flushForGood();
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    // Gone before the program's own handlers are called: they can count who listens. A second signal ends at once.
    process.removeListener(signal, onSignal);
    if (process.listenerCount(signal) === 0) {
      void flushForGood().then(() => process.kill(process.pid, signal));
      return;
    }
    void tracing.flush(PATIENCE);
    setImmediate(() => {
      if (watching) process.prependListener(signal, onSignal);
    }).unref();
  };

  process.on('beforeExit', onEnd);
  process.on('exit', pipeline.last);
  // First in line, since a listener that was added with `once` is not counted any more when it is called.
  for (const signal of SIGNALS) process.prependListener(signal, onSignal);
  return () => {
    watching = false;
    process.removeListener('beforeExit', onEnd);
    process.removeListener('exit', pipeline.last);
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  };
}
