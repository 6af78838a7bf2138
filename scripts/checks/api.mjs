// packages/*/api.md is the public API as its types say it; a change of it is seen in review.
// node scripts/checks/api.mjs --update writes the files anew.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import { report } from './report.mjs';
import { publishedPackages } from './packages.mjs';
import { root } from '../tools.mjs';

const update = process.argv.includes('--update');
const problems = [];
const packages = publishedPackages();

for (const { folder, manifest } of packages) {
  const entries = Object.entries(manifest.exports).filter(([, target]) => typeof target === 'object');
  const missing = entries.filter(([, target]) => !existsSync(join(folder, target.import.types)));
  if (missing.length > 0) {
    problems.push(`${manifest.name} is not built: pnpm build`);
    continue;
  }
  const sections = entries.map(([entry, target]) => {
    const name = join(manifest.name, entry).replaceAll('\\', '/');
    return `## ${name}\n\n\`\`\`ts\n${declarations(readFileSync(join(folder, target.import.types), 'utf8'))}\n\`\`\`\n`;
  });
  const text = `# Public API of ${manifest.name}\n\nWritten by \`pnpm api\`.\n\n${sections.join('\n')}`;
  const file = join(folder, 'api.md');
  const recorded = existsSync(file) ? readFileSync(file, 'utf8').replaceAll('\r\n', '\n') : '';
  if (recorded === text) continue;
  if (update) {
    writeFileSync(file, text);
    console.log(`wrote ${relative(root, file)}`);
  } else {
    const lines = difference(recorded, text);
    problems.push(`${relative(root, file)} does not tell the API as it is:`, ...lines.slice(0, 40));
    if (lines.length > 40) problems.push(`  and ${lines.length - 40} more lines`);
  }
}

report(problems, `${packages.length} API snapshots are true`, 'When the change is meant: pnpm api, and a changeset.');

/** The declarations without comments, in an order that does not depend on the bundler's. */
function declarations(types) {
  const code = types
    .replaceAll('\r\n', '\n')
    .replace(/^\s*\/\*[\s\S]*?\*\/\s*?\n/gm, '')
    .replace(/^\s*\/\/.*\n?/gm, '')
    .trim();
  const statements = code.split(
    /\n(?=(?:declare|interface|type|export|import|class|function|const|enum|namespace|abstract)\b)/,
  );
  const name = (statement) => statement.replace(/^(?:(?:export|declare|abstract|default|async)\s+)*/, '');
  const imports = statements.filter((statement) => statement.startsWith('import'));
  const exports = statements.filter((statement) => /^export\s*\{/.test(statement));
  const others = statements.filter((statement) => !imports.includes(statement) && !exports.includes(statement));
  others.sort((one, other) => (name(one) < name(other) ? -1 : 1));
  return [...imports.sort(), ...others, ...exports.map(oneNameALine)].join('\n');
}

/** So that a diff shows the names that came and went. */
function oneNameALine(statement) {
  return statement.replace(/\{([^}]*)\}/, (_, names) => {
    const sorted = names
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean)
      .sort();
    return sorted.length === 0 ? '{}' : `{\n${sorted.map((name) => `  ${name},\n`).join('')}}`;
  });
}

function difference(recorded, text) {
  const before = new Set(recorded.split('\n'));
  const after = new Set(text.split('\n'));
  return [
    ...recorded
      .split('\n')
      .filter((line) => !after.has(line))
      .map((line) => `  - ${line}`),
    ...text
      .split('\n')
      .filter((line) => !before.has(line))
      .map((line) => `  + ${line}`),
  ];
}
