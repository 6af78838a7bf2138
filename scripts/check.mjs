// pnpm check [name ...]: everything about the code that needs no run of it. The packages are built by then.
import { spawn } from 'node:child_process';
import process from 'node:process';
import { root } from './tools.mjs';

const checks = {
  format: 'oxfmt --check',
  lint: 'oxlint --type-aware --deny-warnings',
  types: 'tsc --noEmit',
  'types-api-1.9': 'tsc --noEmit --project tsconfig.api-1.9.json',
  unused: 'knip --no-progress --no-config-hints',
  versions: 'sherif --fail-on-warnings --ignore-package langchain-core-*',
  size: 'size-limit',
  manifests: 'node scripts/checks/manifests.mjs',
  built: 'node scripts/checks/built.mjs',
  api: 'node scripts/checks/api.mjs',
  generated:
    'node scripts/generate-semconv.mjs --check && node scripts/generate-versions.mjs --check && node packages/redis/scripts/generate-commands.mjs --check',
  lockfile: 'node scripts/checks/lockfile.mjs',
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in checks));
if (unknown.length > 0) {
  console.error(`pnpm check: unknown: ${unknown.join(', ')}. Known: ${Object.keys(checks).join(', ')}`);
  process.exit(1);
}

const queue = Object.entries(checks).filter(([name]) => wanted.length === 0 || wanted.includes(name));
const failed = [];
await Promise.all([work(), work()]);
if (failed.length > 0) {
  console.error(`\nFailed: ${failed.join(', ')}. One alone: pnpm check ${failed[0]}`);
  process.exit(1);
}

async function work() {
  for (let next = queue.shift(); next; next = queue.shift()) {
    const [name, command] = next;
    const started = performance.now();
    const { code, output } = await run(command);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(
      `${code === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(14)} ${seconds} s  ${code === 0 ? '' : command}`.trimEnd(),
    );
    if (code === 0) continue;
    failed.push(name);
    console.log(output.trim().replace(/^/gm, '       '));
  }
}

function run(command) {
  return new Promise((resolve) => {
    // The runner of package scripts has put node_modules/.bin on the PATH.
    const child = spawn(command, { cwd: root, shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.on('close', (code) => resolve({ code, output: Buffer.concat(output).toString() }));
  });
}
