import { startRecording } from '@throughline/testing';
import type { Recorder } from '@throughline/testing';
import { afterEach, beforeEach } from 'vitest';
import { langchain } from '../src/index.js';
import type { Line } from './library.js';

type Options = NonNullable<Parameters<typeof langchain>[0]>;

/** A recording and an adapter, both fresh for each test of the suite. */
export interface Traced {
  readonly recorder: Recorder;
  /** Attaches the adapter to the libraries that are loaded. */
  trace(options?: Options): Promise<ReturnType<typeof langchain>>;
}

export function traced(line: Line, recording?: Parameters<typeof startRecording>[0]): Traced {
  const from = new URL(line === '1.4.0' ? './lines.test.ts' : `./lines/${line}/package.json`, import.meta.url).href;
  let recorder: Recorder | undefined;
  let adapter: ReturnType<typeof langchain> | undefined;
  beforeEach(() => {
    recorder = startRecording(recording);
  });
  afterEach(async () => {
    adapter?.disable();
    await recorder?.stop();
  });
  return {
    get recorder() {
      return recorder as Recorder;
    },
    async trace(options) {
      adapter = langchain({ from, ...options });
      adapter.enable();
      await adapter.ready;
      return adapter;
    },
  };
}
