import { startRecording } from '@throughline/testing';
import type { Recorder } from '@throughline/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { langchain } from '../src/index.js';
import { LINES, load } from './library.js';
import type { Library } from './library.js';
import { SCENARIOS } from './scenarios.js';

for (const line of LINES) {
  const formats = line === '1.4.0' || line === '0.3.80' ? (['esm', 'cjs'] as const) : (['esm'] as const);
  for (const format of formats) {
    describe(`@langchain/core ${line}, ${format}`, () => {
      const from = new URL(line === '1.4.0' ? './lines.test.ts' : `./lines/${line}/package.json`, import.meta.url).href;
      let lib: Library;
      let recorder: Recorder;
      beforeAll(async () => {
        lib = await load(line, format);
        recorder = startRecording();
      });
      afterAll(() => recorder.stop());
      let adapter: ReturnType<typeof langchain>;
      afterEach(() => {
        adapter.disable();
      });

      for (const { name, since = '0', run, tree } of SCENARIOS) {
        it.skipIf(since.localeCompare(line, undefined, { numeric: true }) > 0)(name, async () => {
          const plain = await run(lib);
          adapter = langchain({ from });
          adapter.enable();
          await adapter.ready;
          recorder.reset();
          expect(await run(lib)).toEqual(plain);
          expect(recorder.tree()).toEqual(tree);
          expect(recorder.open()).toBe(0);
        });
      }
    });
  }
}
