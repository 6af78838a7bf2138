import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fixture, runProgram } from '@throughline/testing';
import type { Fixture } from '@throughline/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { files, repository } from './programs.js';

/** The packages as a registry would hand them out, installed by each package manager, as a user's program has them. */
const packages = ['core', 'openai', 'redis'];
let tarballs: Fixture;

beforeAll(() => {
  tarballs = fixture({});
  for (const name of packages) {
    run('pnpm', ['pack', '--pack-destination', tarballs.folder], path.join(repository, 'packages', name));
  }
}, 400_000);
afterAll(() => {
  tarballs.remove();
});

function run(command: string, args: readonly string[], cwd: string): void {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' });
}

/** A program's package.json. */
const manifestOf = (opentelemetry: Record<string, string>) => {
  const ours = Object.fromEntries(
    packages.map((name) => {
      const tarball = readdirSync(tarballs.folder).find((file) => file.startsWith(`throughline-${name}-`));
      return [`@throughline/${name}`, `file:${path.join(tarballs.folder, tarball as string)}`];
    }),
  );
  const { version } = JSON.parse(
    readFileSync(path.join(repository, 'packages', 'openai', 'node_modules', 'openai', 'package.json'), 'utf8'),
  ) as { version: string };
  return {
    private: true,
    type: 'module',
    dependencies: { ...ours, openai: version, ...opentelemetry },
    // Adapters depend on core by version, which no registry has yet.
    overrides: { '@throughline/core': ours['@throughline/core'] as string },
  };
};

const sdk3 = { '@opentelemetry/api': '^1.10.0', '@opentelemetry/sdk-trace': '^3.1.1' };
const sdk2 = { '@opentelemetry/api': '~1.9.0', '@opentelemetry/sdk-trace-base': '~2.12.0' };
const npm = ['npm', ['install', '--no-audit', '--no-fund']] as const;
const pnpm = ['pnpm', ['install', '--no-frozen-lockfile']] as const;

const esm = `import './provider.cjs';
import { instrumentAll } from '@throughline/core';
import OpenAI from 'openai';
import { ask } from './ask.mjs';
instrumentAll();
await ask(OpenAI);`;

const cjs = `require('./provider.cjs');
require('@throughline/core').instrumentAll();
require('./ask.cjs').ask(require('openai'));`;

describe.each([
  { title: 'npm, SDK 3', install: npm, opentelemetry: sdk3 },
  { title: 'pnpm, SDK 3', install: pnpm, opentelemetry: sdk3 },
  { title: 'npm, SDK 2 on API 1.9', install: npm, opentelemetry: sdk2 },
])('packed and installed: $title', ({ install, opentelemetry }) => {
  let program: Fixture;
  beforeAll(() => {
    const provider = files['provider.cjs'] as string;
    const ofSdk2 = provider
      .replaceAll('sdk-trace', 'sdk-trace-base')
      .replaceAll(/(?<!Global)TracerProvider/g, 'BasicTracerProvider')
      .replace('({ exporter })', '(exporter)');
    const manifest = manifestOf(opentelemetry);
    program = fixture({
      files: {
        'ask.mjs': files['ask.mjs'] as string,
        'ask.cjs': files['ask.cjs'] as string,
        'provider.cjs': opentelemetry === sdk2 ? ofSdk2 : provider,
        'main.mjs': esm,
        'main.cjs': cjs,
        'package.json': JSON.stringify(manifest),
        // pnpm reads overrides here only.
        'pnpm-workspace.yaml': JSON.stringify({ overrides: manifest.overrides }),
      },
    });
    run(install[0], install[1], program.folder);
  }, 400_000);
  afterAll(() => {
    program.remove();
  });

  it.each(['main.mjs', 'main.cjs'])('%s', async (entry) => {
    const result = await runProgram({ cwd: program.folder, entry });
    expect(result.stderr).toBe('');
    expect(result.spans.map((span) => span.name)).toEqual(['chat m']);
  });
});
