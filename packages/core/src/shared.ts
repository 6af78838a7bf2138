import type { Adapter } from './adapter.js';
import type { Instrumented } from './instrument-all.js';
import type { Trailers } from './loading/trailer.js';
import type { AdapterInstrumentation } from './instrumentation.js';

/**
 * What all copies of core in one process share: a CJS and an ESM copy, two versions, a copy made by hot reload or by
 * Jest's module reset. The layout is a contract between versions: add to it, never change it.
 */
export interface Shared {
  /** Adapters that were imported, by name. */
  readonly adapters: Map<string, Adapter>;
  /** The one instrumentation of a name that is attached. */
  readonly attached: Map<string, AdapterInstrumentation>;
  /** `adapter.method` of each owner that is patched: a class reached by two ways is patched once. */
  readonly patched: WeakMap<object, Set<PropertyKey>>;
  /** How many adapters record the calls of a provider. */
  readonly tracedProviders: Map<string, number>;
  trailers?: Trailers;
  instrumented?: Instrumented;
}

const SHARED = Symbol.for('throughline.shared.v1');

export function shared(): Shared {
  const holder = globalThis as { [SHARED]?: Shared };
  return (holder[SHARED] ??= {
    adapters: new Map(),
    attached: new Map(),
    patched: new WeakMap(),
    tracedProviders: new Map(),
  });
}
