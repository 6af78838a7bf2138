import type { Target } from '../target.js';

/** Targets inside a library's own module, attached to every copy of it that is or will be loaded. */
export interface ModuleTarget {
  readonly package: string;
  readonly versions: string;
  readonly files: readonly string[];
  readonly targets: (exports: never, copy: ModuleCopy) => readonly (Target | false | undefined)[];
}

/** One loaded file of one copy of a library. */
export interface ModuleCopy {
  /** `undefined` for a module that the program handed over. */
  readonly version: string | undefined;
  /** `undefined` for a module that the program handed over. */
  readonly file: string | undefined;
}

/**
 * Targets inside a library: a function of the loaded module, so that TypeScript checks the names, and a difference
 * between versions is an ordinary expression.
 *
 * @param packageName as it lies under `node_modules`.
 * @param versions the supported range, as in `>=5 <8`. Other versions stay untouched and are reported.
 * @param files paths inside the package, one for each format: internal files that every entry imports, so that
 * subpath imports are caught too. Those that a version does not have are passed over.
 * @param targets must answer `[]` for exports that it does not recognise: `instrument(module)` hands it what the
 * program has.
 */
export function module<Exports>(
  packageName: string,
  versions: string,
  files: readonly string[],
  targets: (exports: Exports, copy: ModuleCopy) => readonly (Target | false | undefined)[],
): ModuleTarget {
  return { package: packageName, versions, files, targets };
}
