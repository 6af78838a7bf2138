import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { spansToFd3 } from './spans-to-fd3.js';

export interface FixtureOptions {
  /** Sources by their path in the folder. Without a package.json of its own the folder is ESM. */
  readonly files?: Readonly<Record<string, string>>;
  /** Real package folders by the name they have here: `{ openai: packageFolder('openai-v4', …) }`. */
  readonly dependencies?: Readonly<Record<string, string>>;
}

export interface Fixture {
  readonly folder: string;
  remove(): void;
}

/** A temporary folder with a program in it, beside `spans-to-fd3.cjs`, whose `exporter` hands spans to the test. */
export function fixture({ files = {}, dependencies = {} }: FixtureOptions): Fixture {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'throughline-')));
  const standard = { 'package.json': '{ "private": true, "type": "module" }\n', 'spans-to-fd3.cjs': spansToFd3 };
  for (const [path, source] of Object.entries({ ...standard, ...files })) {
    writeFileSync(under(folder, path), source);
  }
  for (const [name, target] of Object.entries(dependencies)) {
    // A junction needs no rights on Windows; elsewhere the kind is ignored.
    symlinkSync(realpathSync(target), under(folder, join('node_modules', name)), 'junction');
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }) };
}

/** The real folder of a package as seen from `from`, e.g. of the alias `openai-v4` in `packages/openai`. */
export function packageFolder(name: string, from: string): string {
  const parent = dirname(from);
  try {
    return realpathSync(join(from, 'node_modules', name));
  } catch (error) {
    if (parent === from) throw new Error(`package ${name} is not installed`, { cause: error });
    return packageFolder(name, parent);
  }
}

function under(folder: string, path: string): string {
  const full = join(folder, path);
  mkdirSync(dirname(full), { recursive: true });
  return full;
}
