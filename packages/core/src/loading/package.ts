import { readFileSync } from 'node:fs';
import path from 'node:path';

/** What is read of a package.json. */
export interface PackageJson {
  readonly name?: string;
  readonly version?: string;
  readonly type?: string;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

const read = new Map<string, PackageJson | undefined>();

/** `require('name/package.json')` fails for packages with `exports`, so the file is read. `undefined` when there is none. */
export function packageJson(folder: string): PackageJson | undefined {
  if (!read.has(folder)) {
    let json: PackageJson | undefined;
    try {
      json = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as PackageJson;
    } catch {
      json = undefined;
    }
    read.set(folder, json);
  }
  return read.get(folder);
}
