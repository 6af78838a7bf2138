import { inside, startRecording } from '@throughline/testing';
import type { FinishedSpan, Recorder } from '@throughline/testing';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { redis } from '../src/index.js';

export interface Compared {
  /** What the program saw, both times. */
  readonly result: unknown;
  /** The spans below the program's, as `recorder.tree()` writes them, without its indentation. */
  readonly tree: readonly string[];
  readonly spans: readonly FinishedSpan[];
}

export interface Comparison {
  readonly recorder: Recorder;
  /**
   * Runs a scenario without us and with us, inside a span of the program's, and expects the program to see the same.
   */
  compare(scenario: () => Promise<unknown>): Promise<Compared>;
}

/** Records with the adapter while a file's tests run. */
export function comparing(options?: Parameters<typeof redis>[0]): Comparison {
  const recorder = startRecording();
  const adapter = redis(options);
  beforeAll(() => adapter.enable());
  afterEach(() => {
    recorder.reset();
  });
  afterAll(async () => {
    adapter.disable();
    await recorder.stop();
  });
  return {
    recorder,
    async compare(scenario) {
      adapter.disable();
      recorder.reset();
      const plain = await outcome(scenario);
      expect(recorder.spans().filter(({ scope }) => scope === '@throughline/redis')).toEqual([]);
      adapter.enable();
      recorder.reset();
      const traced = await inside('program', () => outcome(scenario));
      expect(traced).toEqual(plain);
      expect(recorder.open()).toBe(0);
      const [top, ...below] = recorder.tree();
      expect(top).toBe('program');
      const spans = recorder.spans().filter(({ name }) => name !== 'program');
      return { result: traced, tree: below.map((line) => line.slice(2)), spans };
    },
  };
}

/** What a program can tell of a call. */
async function outcome(scenario: () => Promise<unknown>): Promise<unknown> {
  try {
    return tellable(await scenario());
  } catch (error) {
    return { thrown: tellable(error) };
  }
}

function tellable(value: unknown): unknown {
  if (value instanceof Error) {
    const { name, message } = value;
    return { class: value.constructor.name, name, message, keys: Object.keys(value) };
  }
  return Array.isArray(value) ? value.map(tellable) : value;
}
