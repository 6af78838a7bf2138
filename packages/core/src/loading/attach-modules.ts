import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { reportFailure, warnOnce } from '../guard.js';
import { all } from '../target.js';
import type { Telemetry } from '../telemetry.js';
import { inRange } from '../versions.js';
import { findCopies, folderInPath, nearestPackage } from './copies.js';
import type { ModuleTarget } from './module-target.js';
import { packageJson } from './package.js';
import { peek, peekCommonJs } from './peek.js';
import type { Sighting } from './sighting.js';
import { watchLoads } from './trailer.js';

export interface AttachedModules {
  /** Settled once every look into the module cache has its answer. */
  readonly ready: Promise<void>;
  /** Attaches to a module that the program hands over. */
  instrument(exports: object): void;
  sightings(): readonly Sighting[];
  detach(): void;
}

/** What is known of one copy of a library. */
interface Copy {
  readonly library: string;
  readonly folder: string;
  readonly version: string;
  readonly supported: boolean;
  readonly range: string;
  readonly formats: Set<'esm' | 'cjs'>;
  /** One of the files of interest has run. */
  loaded?: boolean;
  failure?: string;
}

/** Attaches targets to all copies of their libraries: those loaded already, and those that will be. */
export function attachModules(
  modules: readonly ModuleTarget[],
  telemetry: Telemetry,
  rootFiles: readonly string[],
): AttachedModules {
  const detachers: (() => void)[] = [];
  const copies = new Map<string, Copy>();
  const attachedFiles = new Map<string, object>();
  const given = new Set<string>();
  const pending: Promise<void>[] = [];
  const ranges = rangesOf(modules);

  const copyAt = (library: string, folder: string): Copy => {
    let copy = copies.get(folder);
    if (copy === undefined) {
      const version = packageJson(folder)?.version ?? '0.0.0';
      const range = ranges.get(library) as string;
      copy = { library, folder, version, range, supported: inRange(version, range), formats: new Set() };
      copies.set(folder, copy);
      if (!copy.supported) {
        warnOnce(`${library} ${version} is not traced: supported are ${range} (${folder})`);
      }
    }
    return copy;
  };

  const attach = (one: ModuleTarget, copy: Copy, file: string, exports: object): void => {
    const key = `${file} ${modules.indexOf(one)}`;
    // A file that runs again, after a reset of the module cache, has new classes.
    if (attachedFiles.get(key) === exports) return;
    attachedFiles.set(key, exports);
    try {
      const targets = one.targets(exports as never, { version: copy.version, file }).filter(Boolean);
      copy.loaded = true;
      if (targets.length === 0) return;
      detachers.push(all(targets)(telemetry));
      copy.formats.add(formatOf(file));
    } catch (error) {
      copy.failure = `its shape is not known (${(error as Error).message})`;
      reportFailure(`attaching to ${copy.library} ${copy.version}`, error);
    }
  };

  /** The targets that are for this file, whichever copy it belongs to. */
  const wantedAt = (file: string): { copy: Copy; wanted: ModuleTarget[] } | undefined => {
    for (const library of ranges.keys()) {
      const folder = folderOf(library, file, copies);
      if (folder === undefined) continue;
      const inside = file.slice(folder.length + 1).replaceAll(path.sep, '/');
      const wanted = modules.filter((one) => one.package === library && one.files.includes(inside));
      if (wanted.length === 0) return undefined;
      const copy = copyAt(library, folder);
      return { copy, wanted: wanted.filter((one) => inRange(copy.version, one.versions)) };
    }
    return undefined;
  };

  const loads = watchLoads((file) => {
    const found = wantedAt(file);
    if (found === undefined || found.wanted.length === 0) return undefined;
    return (exports) => {
      for (const one of found.wanted) attach(one, found.copy, file, exports);
    };
  });
  detachers.push(loads.stop);

  for (const library of ranges.keys()) {
    for (const folder of findCopies(library, rootFiles)) {
      const copy = copyAt(library, folder);
      for (const one of modules) {
        if (one.package !== library || !inRange(copy.version, one.versions)) continue;
        for (const inside of one.files) {
          const file = path.join(folder, inside);
          if (!existsSync(file)) continue;
          lookAt(file, (exports) => {
            attach(one, copy, file, exports);
          });
        }
      }
    }
  }

  function lookAt(file: string, found: (exports: object) => void): void {
    try {
      const required = peekCommonJs(file);
      if (required !== undefined) {
        found(required);
        return;
      }
      if (formatOf(file) === 'cjs') return;
      const peeked = peek(pathToFileURL(file).href);
      if (peeked.state === 'loaded') found(peeked.exports);
      if (peeked.state === 'later') {
        pending.push(
          peeked.answer.then((exports) => {
            if (exports !== undefined) found(exports);
          }),
        );
      }
    } catch (error) {
      reportFailure(`looking for ${file}`, error);
    }
  }

  const stateOf = (copy: Copy): Pick<Sighting, 'state' | 'why'> => {
    if (!copy.supported) return { state: 'unsupported', why: `supported are ${copy.range}` };
    if (copy.failure !== undefined) return { state: 'failed', why: copy.failure };
    if (copy.formats.size > 0) return { state: 'traced', why: 'its methods are patched' };
    if (copy.loaded === true) return { state: 'failed', why: 'nothing of what is traced was found in it' };
    if (loads.unavailable === undefined) return { state: 'waiting', why: 'not loaded yet; will be traced when it is' };
    return {
      state: 'waiting',
      why: `not loaded yet, and later loads cannot be seen: ${loads.unavailable}; pass it in the option modules`,
    };
  };

  return {
    ready: Promise.all(pending).then(() => undefined),
    instrument(exports) {
      for (const one of modules) {
        const targets = one.targets(exports as never, { version: undefined, file: undefined }).filter(Boolean);
        if (targets.length === 0) continue;
        detachers.push(all(targets)(telemetry));
        given.add(one.package);
      }
    },
    sightings() {
      const rows: Sighting[] = [...copies.values()].map((copy) => ({
        library: copy.library,
        adapter: telemetry.name,
        ...stateOf(copy),
        version: copy.version,
        path: copy.folder,
        format: copy.formats.size === 2 ? 'esm+cjs' : [...copy.formats][0],
      }));
      for (const library of ranges.keys()) {
        if (given.has(library)) {
          rows.push({ library, adapter: telemetry.name, state: 'traced', why: 'the program handed the module over' });
        } else if (!rows.some((row) => row.library === library)) {
          rows.push({ library, adapter: telemetry.name, state: 'not installed', why: 'not found from the program' });
        }
      }
      return rows;
    },
    detach() {
      for (const one of detachers.splice(0).toReversed()) one();
    },
  };
}

/** Several modules of one package: together they support what each supports. */
function rangesOf(modules: readonly ModuleTarget[]): Map<string, string> {
  const ranges = new Map<string, string>();
  for (const one of modules) {
    const before = ranges.get(one.package);
    if (before === undefined) ranges.set(one.package, one.versions);
    else if (!before.split(' || ').includes(one.versions)) ranges.set(one.package, `${before} || ${one.versions}`);
  }
  return ranges;
}

/** The folder of the package that a file belongs to: by its path, or because the copy is known (a linked package). */
function folderOf(library: string, file: string, copies: ReadonlyMap<string, Copy>): string | undefined {
  const folder = folderInPath(library, file);
  if (folder !== undefined) {
    return file.indexOf(`${path.sep}node_modules${path.sep}`, folder.length) === -1 ? folder : undefined;
  }
  for (const copy of copies.values()) {
    if (copy.library === library && file.startsWith(copy.folder + path.sep)) return copy.folder;
  }
  return undefined;
}

function formatOf(file: string): 'esm' | 'cjs' {
  if (file.endsWith('.mjs')) return 'esm';
  if (file.endsWith('.cjs')) return 'cjs';
  const owner = nearestPackage(path.dirname(file));
  return owner !== undefined && packageJson(owner)?.type === 'module' ? 'esm' : 'cjs';
}
