import { startRecording } from '@throughline/testing';
import type { Recorder, RecordingOptions } from '@throughline/testing';
import { afterAll, beforeEach, expect } from 'vitest';
import { neo4j } from '../src/index.js';
import type { Neo4jOptions } from '../src/index.js';
import { drivers } from './drivers.js';

export interface Tracing {
  readonly recorder: Recorder;
  attach(): void;
  detach(): void;
  /** What the program sees of something, first without us and then with us. Both must be the same; the spans are ours. */
  compare<T>(program: () => Promise<T>): Promise<T>;
}

/** The adapter on all drivers, for the tests of one file. */
export function traceDrivers(options: Neo4jOptions = {}, recording: RecordingOptions = {}): Tracing {
  const recorder = startRecording(recording);
  const adapter = neo4j(options);
  const attach = (): void => {
    adapter.enable();
    for (const { neo4j: library } of drivers) adapter.instrument(library);
  };
  const detach = (): void => {
    adapter.disable();
  };
  beforeEach(() => {
    attach();
    recorder.reset();
  });
  afterAll(async () => {
    detach();
    await recorder.stop();
  });
  return {
    recorder,
    attach,
    detach,
    async compare(program) {
      detach();
      const without = await program();
      expect(recorder.spans().filter(({ scope }) => scope !== 'program')).toEqual([]);
      recorder.reset();
      attach();
      const seen = await program();
      expect(seen).toEqual(without);
      return seen;
    },
  };
}

/** The error of what must fail. */
export const failureOf = (promise: PromiseLike<unknown>): Promise<Error & { readonly code?: string }> =>
  Promise.resolve(promise).then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error as Error & { readonly code?: string },
  );
