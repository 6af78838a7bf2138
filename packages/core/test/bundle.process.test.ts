import { build } from 'esbuild';
import path from 'node:path';
import { expect, it } from 'vitest';
import { fixture, runProgram } from '@throughline/testing';
import { dependencies, files } from './programs.js';

const main = (set: string): string => `import './provider.cjs';
import OpenAI from 'openai';
import { instrumentAll } from '@throughline/core';
import '@throughline/openai';
import { ask } from './ask.mjs';
instrumentAll(${set});
ask(OpenAI);`;

it.each([
  ['an esbuild bundle whose modules are handed over', 'esm', { minify: false }],
  ['a minified bundle', 'esm', { minify: true }],
  ['a CommonJS bundle', 'cjs', { minify: false }],
] as const)('%s', async (_, format, options) => {
  const place = fixture({ files: { ...files, 'main.mjs': main('{ modules: { openai: OpenAI } }') }, dependencies });
  try {
    await build({
      entryPoints: [path.join(place.folder, 'main.mjs')],
      outfile: path.join(place.folder, 'bundle', format === 'esm' ? 'out.mjs' : 'out.cjs'),
      bundle: true,
      platform: 'node',
      format,
      external: ['./spans-to-fd3.cjs', '@opentelemetry/*'],
      logLevel: 'silent',
      ...(format === 'esm' && {
        banner: {
          js: "import { createRequire as __require } from 'node:module'; const require = __require(import.meta.url);",
        },
      }),
      ...options,
    });
    // The bundle lies deeper than the program, so that it finds the exporter and OpenTelemetry but no library.
    const result = await runProgram({
      cwd: place.folder,
      entry: `bundle/${format === 'esm' ? 'out.mjs' : 'out.cjs'}`,
    });
    expect(result.stderr).toBe('');
    expect(result.spans.map((span) => span.name)).toEqual(['chat m']);
  } finally {
    place.remove();
  }
});
