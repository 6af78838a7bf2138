// npm test [vitest arguments]: build, check, real servers, every test; the last line is `N passed, N failed`.
// THROUGHLINE_SLOW=1 adds the slow tests, and the quick unit tests on the other Node lines.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fetchNode, root } from './tools.mjs';

const otherLines = process.env.THROUGHLINE_SLOW === '1' ? ['22.15.0', '24.21.0'] : [];
const filters = process.argv.slice(2);

if (!run('turbo', ['run', 'build', '--output-logs=errors-only'])) end(0, 1);
const checked = run('node', ['scripts/check.mjs']);
// A server that cannot be had is named; its tests are then skipped, or fail in CI. Those that were there before stay.
const addresses = join(root, '.services/addresses.json');
const started = !existsSync(addresses) || !readFileSync(addresses, 'utf8').includes('"url"');
run('node', ['scripts/services/index.mjs', 'up']);
const counts = [
  ...otherLines.map((version) =>
    vitest(fetchNode(version), ['--project', 'unit', ...filters], version, { THROUGHLINE_SLOW: '' }),
  ),
  vitest(process.execPath, filters, 'all'),
];
if (started) run('node', ['scripts/services/index.mjs', 'down']);
if (!checked) console.error('\nA check failed, see above: it counts as one failure.');
end(sum('passed'), sum('failed') + (checked ? 0 : 1));

function end(passed, failed) {
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

function sum(key) {
  return counts.reduce((total, count) => total + count[key], 0);
}

function vitest(node, args, name, env) {
  const results = join(root, `node_modules/.vitest/results-${name}.json`);
  rmSync(results, { force: true });
  if (node !== process.execPath) console.log(`\nOn Node ${name}`);
  const entry = join(root, 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
  const well = run(node, [entry, 'run', ...reporters, ...args], env);
  if (!existsSync(results)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(results, 'utf8'));
  // A file that does not load, or an error outside a test, fails the run though no test has failed.
  return { passed: numPassedTests, failed: numFailedTests || (well ? 0 : 1) };
}

function run(command, args, env) {
  const named = ['turbo', 'vitest'].includes(command);
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: 'inherit',
    shell: named && process.platform === 'win32',
  });
  if (error) throw error;
  return status === 0;
}
