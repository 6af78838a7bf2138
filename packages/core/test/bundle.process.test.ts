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
  const out = format === 'esm' ? 'out.mjs' : 'out.cjs';
  const place = fixture({ files: { ...files, 'main.mjs': main('{ modules: { openai: OpenAI } }') }, dependencies });
  try {
    await build({
      entryPoints: [path.join(place.folder, 'main.mjs')],
      outfile: path.join(place.folder, out),
      bundle: true,
      platform: 'node',
      format,
      external: ['./spans-to-fd3.cjs', '@opentelemetry/*'],
      logLevel: 'silent',
      ...(format === 'esm' && {
        banner: {
          js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
        },
      }),
      ...options,
    });
    const result = await runProgram({
      cwd: place.folder,
      entry: out,
    });
    expect(result.stderr).toBe('');
    expect(result.spans.map((span) => span.name)).toEqual(['chat m']);
  } finally {
    place.remove();
  }
});
