import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Everything the servers need and write, ignored by git: `.services/<name>/`. */
export const servicesFolder = fileURLToPath(new URL('../../.services/', import.meta.url));

export function folderOf(name) {
  const folder = join(servicesFolder, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** A reader sees the old content or the new one, never half of it. */
export function writeJson(path, value) {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(value, null, 2)}\n`);
  renameSync(draft, path);
}

export function remove(path) {
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
