import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Adapter } from '../adapter.js';
import { reportFailure } from '../guard.js';
import { KNOWN_ADAPTERS } from '../known-adapters.js';
import { shared } from '../shared.js';
import { findPackage } from './copies.js';
import { packageJson } from './package.js';

/** The folders of the installed adapters: a list that is looked up, never a search through `node_modules`. */
export function installedAdapters(rootFiles: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of KNOWN_ADAPTERS) {
    for (const root of rootFiles) {
      const folder = findPackage(`@throughline/${name}`, root);
      if (folder === undefined) continue;
      found.set(name, folder);
      break;
    }
  }
  return found;
}

/** Adapters are loaded in our own format, so that they share this copy of core. */
export function loadAdapter(
  name: string,
  folder: string | undefined,
  failures: { adapter: string; why: string }[],
): Adapter | undefined {
  const registered = shared().adapters.get(name);
  if (registered !== undefined || folder === undefined) return registered;
  try {
    const file = path.join(folder, 'dist', typeof __filename === 'undefined' ? 'index.mjs' : 'index.cjs');
    if (!existsSync(file)) throw new Error(`${file} is missing`);
    createRequire(file)(file);
    const adapter = shared().adapters.get(name);
    if (adapter === undefined)
      throw new Error(`${packageJson(folder)?.name ?? name} is not an adapter of this version`);
    return adapter;
  } catch (error) {
    failures.push({ adapter: name, why: `could not be loaded: ${(error as Error).message}` });
    reportFailure(`loading @throughline/${name}`, error);
    return undefined;
  }
}
