import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment, fetchPnpm, root } from './tools.mjs';

const copy = realpathSync(mkdtempSync(join(tmpdir(), 'throughline-new-adapter-')));

/** Everything that git would commit, and nothing that is installed or built. */
beforeAll(() => {
  const listed = spawnSync('git', ['ls-files', '-z', '-c', '-o', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of listed.stdout.split('\0').filter(Boolean)) {
    cpSync(join(root, file), join(copy, file), { recursive: true, force: true });
  }
});
afterAll(() => rmSync(copy, { recursive: true, force: true, maxRetries: 3 }));

test(
  'a new adapter builds, keeps the rules, passes its tests and appears in instrumentAll()',
  { timeout: 600_000 },
  () => {
    run('node', 'scripts/new-adapter.mjs', 'blue-whale', 'undici', '8');
    run('node', 'scripts/checks/manifests.mjs');
    run('node', 'scripts/checks/built.mjs');
    run('node', 'scripts/checks/api.mjs');
    run('pnpm', 'exec', 'tsc', '--noEmit', '--project', 'packages/blue-whale');
    run('pnpm', 'exec', 'oxlint', '--type-aware', 'packages/blue-whale');
    run('pnpm', 'exec', 'oxfmt', '--check', 'packages/blue-whale', 'packages/core/src/known-adapters.ts');
    expect(run('pnpm', 'exec', 'vitest', 'run', 'packages/blue-whale')).toMatch(/3 passed/);
    expect(run('node', program())).toContain('"adapter":"blue-whale"');
  },
);

/** A program that has the new adapter installed and does not name it. */
function program(): string {
  const modules = join(copy, 'program/node_modules/@throughline');
  mkdirSync(modules, { recursive: true });
  for (const name of ['core', 'blue-whale']) symlinkSync(join(copy, 'packages', name), join(modules, name), 'junction');
  const file = join(copy, 'program/main.mjs');
  writeFileSync(
    file,
    `import { instrumentAll } from '@throughline/core';
     console.log(JSON.stringify(instrumentAll().report().libraries));`,
  );
  return file;
}

function run(command: string, ...args: string[]): string {
  const env: NodeJS.ProcessEnv = environment([dirname(process.execPath), fetchPnpm()]);
  for (const key of Object.keys(env)) if (/^(VITEST|NODE_ENV|NODE_OPTIONS|TEST|FORCE_COLOR)/.test(key)) delete env[key];
  env['NO_COLOR'] = '1';
  const result = spawnSync(command, args, { cwd: copy, env, encoding: 'utf8', shell: process.platform === 'win32' });
  const output = `${command} ${args.join(' ')}\n${result.stdout}${result.stderr}`;
  expect(result.status, output).toBe(0);
  return output;
}
