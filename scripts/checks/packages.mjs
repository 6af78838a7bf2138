import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../tools.mjs';

/** The packages that are published: where they are and what their package.json says. */
export function publishedPackages() {
  return readdirSync(join(root, 'packages'))
    .map((directory) => join(root, 'packages', directory))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) }))
    .filter(({ manifest }) => manifest.private !== true);
}

/** core, sdk, or an adapter; an adapter obeys the strictest rules. */
export function kindOf(manifest) {
  if (manifest.name === '@throughline/core') return 'core';
  if (manifest.name === '@throughline/sdk') return 'sdk';
  return 'adapter';
}
