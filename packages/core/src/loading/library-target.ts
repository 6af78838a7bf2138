import type { Target } from '../target.js';
import type { ModuleTarget } from './module-target.js';

/** What an adapter traces: inside a library's modules, or on the channels that a library or Node itself publishes. */
export type LibraryTarget = ModuleTarget | PublishedTarget;

/** Targets that need no module of the library: it publishes on diagnostics channels, or it is part of Node. */
export interface PublishedTarget {
  readonly package: string;
  /** `undefined` for what is part of Node. */
  readonly versions: string | undefined;
  readonly target: Target;
}

/**
 * Targets on the diagnostics channels of a library: they reach every copy, bundled ones included.
 *
 * @param versions those that publish, for the report: `>=5.12 <7`.
 */
export function published(packageName: string, versions: string, target: Target): PublishedTarget {
  return { package: packageName, versions, target };
}

/** Targets in Node itself. */
export function builtin(name: string, target: Target): PublishedTarget {
  return { package: name, versions: undefined, target };
}

export function isModuleTarget(one: LibraryTarget): one is ModuleTarget {
  return 'files' in one;
}
