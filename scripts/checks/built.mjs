// What the built files may contain: no vendor in code or types, no interop wrapper around an import.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { builtinModules } from 'node:module';
import { report } from './report.mjs';
import { kindOf, publishedPackages } from './packages.mjs';
import { root } from '../tools.mjs';

const allowed = {
  core: (name) => name === '@opentelemetry/api',
  adapter: (name) => name === '@opentelemetry/api' || name === '@throughline/core',
  sdk: (name) => name === '@throughline/core' || name.startsWith('@opentelemetry/'),
};
const specifier =
  /\bfrom\s*["']([\w@./:-]+)["']|\bimport\s*["']([\w@./:-]+)["']|\bimport\(\s*["']([\w@./:-]+)["']|\brequire\(["']([\w@./:-]+)["']|reference types=["']([\w@./:-]+)["']/g;

const problems = [];
let files = 0;
for (const { folder, manifest } of publishedPackages()) {
  const dist = join(folder, 'dist');
  if (!existsSync(dist)) {
    problems.push(`${manifest.name} is not built: pnpm build`);
    continue;
  }
  for (const name of readdirSync(dist).filter((file) => /\.[cm]js$|\.d\.[cm]ts$/.test(file))) {
    files += 1;
    const text = readFileSync(join(dist, name), 'utf8');
    const code = text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '');
    const where = relative(root, join(dist, name));
    for (const imported of new Set(Array.from(code.matchAll(specifier), (match) => match.slice(1).find(Boolean)))) {
      if (isOwn(imported) || allowed[kindOf(manifest)](imported)) continue;
      problems.push(
        name.includes('.d.')
          ? `${where} mentions the types of ${imported}: a user who lacks it, or has another version, could not compile`
          : `${where} imports ${imported}: an instrumented library is never imported, only met`,
      );
    }
    problems.push(
      ...wrapped(code).map(
        (module) => `${where} reads ${module} through __toESM, which costs at every access: import its names`,
      ),
    );
  }
}

report(problems, `${files} built files mention no vendor and no interop wrapper`);

function isOwn(imported) {
  return (
    imported.startsWith('.') || imported.startsWith('node:') || imported === 'node' || builtinModules.includes(imported)
  );
}

/** Node's builtins are exempt: the wrapper is made once, and none of them is read for every span. */
function wrapped(code) {
  return Array.from(code.matchAll(/^(\w+) = __toESM\(\1\b/gm), ([, name]) => {
    return new RegExp(`\\b${name} = require\\("([^"]+)"\\)`).exec(code)?.[1] ?? name;
  }).filter((module) => !module.startsWith('node:'));
}
