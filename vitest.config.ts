import { defineConfig } from 'vitest/config';

const condition = 'throughline-source';
const everywhere = ['**/node_modules/**', '**/dist/**'];
// Minutes, not seconds: only where somebody waits for them.
const slow = process.env.THROUGHLINE_SLOW === '1' ? [] : ['**/*.slow.test.ts'];
const tests = ['{packages,examples}/*/{src,test}/**/*.test.ts', 'scripts/**/*.test.ts'];
const processes = '**/*.process.{test,slow.test}.ts';

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        // Workspace packages resolve to their sources: nothing has to be built.
        resolve: { conditions: [condition] },
        ssr: { resolve: { conditions: [condition, 'module', 'node', 'development|production'] } },
        test: {
          name: 'unit',
          sequence: { groupOrder: 0 },
          include: tests,
          exclude: [...everywhere, ...slow, processes],
          // A busy machine of two cores can be ten times as slow as a quiet one.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Child processes against the built packages; whoever starts one gives it time.
        test: {
          name: 'process',
          sequence: { groupOrder: 1 },
          include: tests.map((pattern) => pattern.replace('*.test.ts', '*.process.{test,slow.test}.ts')),
          exclude: [...everywhere, ...slow],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
