// node scripts/bootstrap.mjs [task] [arguments]
// From a bare clone with any Node from 18 on: brings Node and pnpm, installs, runs `pnpm run <task>`.
// node scripts/bootstrap.mjs --print-path
// Only prints the line that puts the same Node and pnpm on a shell's PATH.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { environment, fetchNode, fetchPnpm, nodeVersion, root } from './tools.mjs';

const [task, ...rest] = process.argv.slice(2);

if (task === '--print-path') {
  const folders = [dirname(fetchNode()), fetchPnpm()].filter(Boolean);
  console.log(`export PATH="${folders.join(':')}:$PATH"`);
  process.exit(0);
}

const node = isRecent(process.versions.node) ? undefined : fetchNode();
if (node) console.error(`Node ${nodeVersion} (this machine's is ${process.versions.node})`);
const env = { ...environment([node && dirname(node), fetchPnpm()]), TURBO_TELEMETRY_DISABLED: '1' };

const frozen = existsSync(join(root, 'pnpm-lock.yaml')) ? ['--frozen-lockfile'] : [];
console.error('Installing dependencies');
pnpm(['install', ...frozen, '--prefer-offline', '--reporter=append-only', '--loglevel=warn']);
if (task) {
  console.error(`Running ${task}`);
  pnpm(['run', task, ...rest]);
}

function pnpm(args) {
  const { status, error } = spawnSync('pnpm', args, {
    cwd: root,
    env,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** From 22.18 on Node runs TypeScript itself, which the scripts and tests count on. */
function isRecent(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 18);
}
