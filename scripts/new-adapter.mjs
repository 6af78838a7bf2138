// pnpm new-adapter <name> [library] [major]
// A package under packages/ that builds, passes its tests and is known to instrumentAll(). The library's npm name is
// the adapter's name unless given, its major version the latest: pnpm new-adapter mongo mongodb 7
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { environment, fetchPnpm, root } from './tools.mjs';

const [name = '', library = name, given] = process.argv.slice(2);
if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name))
  stop('usage: pnpm new-adapter <name> [library] [major], e.g. mongo mongodb 7');
const shell = process.platform === 'win32';
const folder = join(root, 'packages', name);
if (existsSync(folder)) stop(`packages/${name} exists`);

const major = Number(given ?? latestMajor());

const identifier = name.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
const words = {
  name,
  library,
  major: String(major),
  range: `>=${major} <${major + 1}`,
  identifier,
  Identifier: identifier[0].toUpperCase() + identifier.slice(1),
  package: `@throughline/${name}`,
};

mkdirSync(join(folder, 'src'), { recursive: true });
mkdirSync(join(folder, 'test'));
for (const file of ['tsconfig.json', 'tsdown.config.ts'])
  cpSync(join(root, 'packages/redis', file), join(folder, file));
writeJson(join(folder, 'package.json'), manifest());
write('index.ts.txt', 'src/index.ts');
write('adapter.test.ts.txt', `test/${name}.test.ts`);
write('README.md.txt', 'README.md');
addToKnownAdapters();
addBudget();

run('pnpm', ['install', '--no-frozen-lockfile', '--prefer-offline', '--loglevel=error']);
run('pnpm', ['exec', 'oxfmt', `packages/${name}`, '.size-limit.json', 'packages/core/src/known-adapters.ts']);
run('pnpm', ['run', 'api']);
console.log(`
packages/${name} is there. Next:
  src/index.ts      what is traced, in the library's own types
  test/             the real client on the real server: pnpm test:unit packages/${name}
  README.md         a span that a real run printed; a row in the README at the root
  pnpm check && pnpm changeset`);

/** As redis has it, so that it never falls behind. */
function manifest() {
  const redis = JSON.parse(readFileSync(join(root, 'packages/redis/package.json'), 'utf8'));
  const { '@opentelemetry/api': api, '@throughline/testing': testing } = redis.devDependencies;
  return {
    ...redis,
    name: words.package,
    version: '0.0.0',
    description: `OpenTelemetry spans for ${library}`,
    keywords: [...new Set(['instrumentation', 'opentelemetry', name, 'tracing'])].sort(),
    repository: { ...redis.repository, directory: `packages/${name}` },
    devDependencies: { '@opentelemetry/api': api, '@throughline/testing': testing, [library]: `^${major}` },
    peerDependencies: { '@opentelemetry/api': redis.peerDependencies['@opentelemetry/api'], [library]: words.range },
    peerDependenciesMeta: { [library]: { optional: true } },
  };
}

function latestMajor() {
  const view = ['view', library, 'version'];
  const { stdout, status } = spawnSync('pnpm', view, {
    cwd: root,
    env: environment([fetchPnpm()]),
    encoding: 'utf8',
    shell,
  });
  const version = /(\d+)\.\d+\.\d+/.exec(stdout);
  if (status !== 0 || !version) stop(`npm knows no ${library}: pnpm new-adapter ${name} <library>`);
  return version[1];
}

function write(template, path) {
  const text = readFileSync(join(root, 'scripts/adapter-template', template), 'utf8');
  writeFileSync(
    join(folder, path),
    text.replace(/__(\w+?)__/g, (whole, word) => words[word] ?? whole),
  );
}

function addToKnownAdapters() {
  const file = join(root, 'packages/core/src/known-adapters.ts');
  const text = readFileSync(file, 'utf8');
  const list = /(KNOWN_ADAPTERS[^=]*=\s*)\[([^\]]*)\]/.exec(text);
  if (!list) stop(`${file} has no list KNOWN_ADAPTERS`);
  const names = [...new Set([...Array.from(list[2].matchAll(/'([^']+)'/g), (match) => match[1]), name])].sort();
  writeFileSync(file, text.replace(list[0], `${list[1]}[${names.map((one) => `'${one}'`).join(', ')}]`));
}

function addBudget() {
  const file = join(root, '.size-limit.json');
  const budgets = JSON.parse(readFileSync(file, 'utf8'));
  writeJson(file, [...budgets, { name, path: `packages/${name}/dist/*.mjs`, limit: '3 kB' }]);
}

function writeJson(file, value) {
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

function run(command, args) {
  const env = environment([fetchPnpm()]);
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    env,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

function stop(text) {
  console.error(`new-adapter: ${text}`);
  process.exit(1);
}
