// Writes the version table of each adapter's README from its versions.json, which its tests read too.
// `--check` fails when one is stale, or when a peer dependency admits other versions than the file says.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { writeGenerated } from './generated-file.mjs';
import { root } from './tools.mjs';

const BEGIN = '<!-- versions -->';
const END = '<!-- /versions -->';

for (const name of readdirSync(join(root, 'packages'))) {
  const folder = join(root, 'packages', name);
  if (!existsSync(join(folder, 'versions.json'))) continue;
  const { libraries, servers = [] } = readJson(join(folder, 'versions.json'));
  const { peerDependencies = {}, devDependencies = {} } = readJson(join(folder, 'package.json'));
  for (const { name: library, range, tested } of libraries) {
    if (range !== undefined && peerDependencies[library] !== undefined && peerDependencies[library] !== range) {
      complain(`${name}: versions.json has ${library} ${range}, the peer dependency ${peerDependencies[library]}`);
    }
    for (const alias of Object.values(tested)) {
      if (!(alias in devDependencies)) complain(`${name}: versions.json names ${alias}, which is no devDependency`);
    }
  }
  const readme = join(folder, 'README.md');
  const text = readFileSync(readme, 'utf8');
  const [before, rest = ''] = text.split(BEGIN);
  const [, after] = rest.split(END);
  if (after === undefined) {
    complain(`${name}: the README has no ${BEGIN} … ${END}`);
    continue;
  }
  writeGenerated(readme, `${before}${BEGIN}\n\n${table(folder, libraries, servers)}\n${END}${after}`, 'pnpm generate');
}

function table(folder, libraries, servers) {
  const rows = libraries.map(({ name, range, tested }) => {
    const versions = Object.values(tested).map((alias) => installed(folder, alias));
    return `| \`${name}\` | ${range === undefined ? 'any' : `\`${range}\``} | ${versions.join(', ')} |`;
  });
  const lines = ['| library | supported | tested with |', '| --- | --- | --- |', ...rows, ''];
  if (servers.length > 0) lines.push(`Against ${servers.join('; ')}.`, '');
  return lines.join('\n');
}

function installed(folder, alias) {
  return readJson(join(folder, 'node_modules', alias, 'package.json')).version;
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function complain(text) {
  console.error(text);
  process.exitCode = 1;
}
