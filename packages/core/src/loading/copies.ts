import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { getCallSites } from 'node:util';
import { hostRequire } from './host-require.js';
import { packageJson } from './package.js';

/**
 * The files from which a program's packages are looked for, best first: where the user says, the file that called us
 * (needed in strict pnpm workspaces), the program's entry, the working directory.
 */
export function roots(from: string | undefined): readonly string[] {
  const found = new Set<string>();
  if (from !== undefined) found.add(toPath(from));
  for (const file of callers()) found.add(file);
  const entry = process.argv[1];
  if (entry !== undefined) found.add(existsSync(entry) ? realpathSync(entry) : path.resolve(entry));
  found.add(path.join(process.cwd(), 'index.js'));
  return [...found];
}

/** The program's files on the stack, innermost first: neither ours nor a dependency's. */
function callers(): readonly string[] {
  const files = (getCallSites?.(30) ?? [])
    .map((site) => site.scriptName)
    .filter((file) => file.startsWith('file:') || path.isAbsolute(file))
    .map(toPath);
  const ours = files[0] === undefined ? undefined : nearestPackage(path.dirname(files[0]));
  return files.filter(
    (file) => !/[\\/]node_modules[\\/]/.test(file) && (ours === undefined || !file.startsWith(ours + path.sep)),
  );
}

function toPath(file: string): string {
  return file.startsWith('file:') ? fileURLToPath(file) : file;
}

/** The folder of a package as a file sees it, links resolved; `undefined` when it is not installed there. */
export function findPackage(name: string, fromFile: string): string | undefined {
  for (const folder of createRequire(fromFile).resolve.paths(name) ?? []) {
    const at = path.join(folder, name);
    if (existsSync(path.join(at, 'package.json'))) return realpathSync(at);
  }
  return undefined;
}

/**
 * All folders of a package that the program can load: as its own files see it, as the packages that it depends on see
 * it (`@langchain/openai` brings `openai`), and those that are loaded already.
 */
export function findCopies(name: string, rootFiles: readonly string[]): readonly string[] {
  const copies = new Set<string>();
  for (const root of rootFiles) {
    const direct = findPackage(name, root);
    if (direct !== undefined) copies.add(direct);
    for (const dependent of dependents(root)) {
      const { dependencies = {}, peerDependencies = {} } = packageJson(dependent) ?? {};
      if (!(name in dependencies) && !(name in peerDependencies)) continue;
      const nested = findPackage(name, path.join(dependent, 'package.json'));
      if (nested !== undefined) copies.add(nested);
    }
  }
  for (const file of Object.keys(hostRequire().cache)) {
    const folder = folderInPath(name, file);
    if (folder !== undefined) copies.add(folder);
  }
  return [...copies];
}

/** The part of a file's path that is a package's folder under `node_modules`. */
export function folderInPath(name: string, file: string): string | undefined {
  const marker = `${path.sep}node_modules${path.sep}${name.replaceAll('/', path.sep)}${path.sep}`;
  const at = file.lastIndexOf(marker);
  return at === -1 ? undefined : file.slice(0, at + marker.length - 1);
}

const known = new Map<string, readonly string[]>();

/** The folders of the dependencies of the package that a file belongs to. */
function dependents(root: string): readonly string[] {
  const owner = nearestPackage(path.dirname(root));
  if (owner === undefined) return [];
  let folders = known.get(owner);
  if (folders === undefined) {
    const { dependencies = {}, optionalDependencies = {} } = packageJson(owner) ?? {};
    folders = Object.keys({ ...dependencies, ...optionalDependencies })
      .map((dependency) => findPackage(dependency, path.join(owner, 'package.json')))
      .filter((folder) => folder !== undefined);
    known.set(owner, folders);
  }
  return folders;
}

/** The folder of the nearest package.json from a folder upwards. */
export function nearestPackage(folder: string): string | undefined {
  if (existsSync(path.join(folder, 'package.json'))) return folder;
  const parent = path.dirname(folder);
  return parent === folder ? undefined : nearestPackage(parent);
}
