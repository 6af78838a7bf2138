// pnpm leaves an optional package that it cannot find out of the lockfile, without a word. A tool's binary for another
// platform that is missing in the registry used here would so be missing for everybody. This compares what the
// installed packages want with what the lockfile has.
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { report } from './report.mjs';
import { root } from '../tools.mjs';

const developedOn = /(darwin|win32|windows|linux)[.-]?(x64|arm64|64|amd64)(-gnu|-msvc)?$/;
const lockfile = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8');
const locked = new Set(Array.from(lockfile.matchAll(/^  '?((?:@[^@\s]+|[^@\s']+)@[^:'(]+)'?:$/gm), ([, key]) => key));
const lockedNames = new Set(Array.from(locked, (key) => key.slice(0, key.lastIndexOf('@'))));
const store = join(root, 'node_modules/.pnpm');
const problems = [];
let compared = 0;

for (const { name, version, optionalDependencies = {} } of installed()) {
  for (const [optional, range] of Object.entries(optionalDependencies)) {
    if (!developedOn.test(optional)) continue;
    compared += 1;
    const found = /^\d/.test(range) ? locked.has(`${optional}@${range}`) : lockedNames.has(optional);
    if (!found) problems.push(`${name}@${version} wants ${optional}@${range}, which is not in pnpm-lock.yaml`);
  }
}

report(
  problems,
  `${compared} platform packages are in the lockfile`,
  'Pin the tool to a version whose binaries exist for every platform.',
);

function* installed() {
  for (const entry of readdirSync(store)) {
    const [, scope, name] = /^(@[^+]+\+)?([^@]+)@/.exec(entry) ?? [];
    if (!name) continue;
    const manifest = join(store, entry, 'node_modules', (scope ?? '').replace('+', '/') + name, 'package.json');
    if (existsSync(manifest)) yield JSON.parse(readFileSync(manifest, 'utf8'));
  }
}
