import { commonRules } from './configuration/common.js';
import type { CommonOptions, CommonSettings } from './configuration/common.js';
import type { OptionRules } from './configuration/option.js';
import { resolveOptions } from './configuration/resolve.js';
import { instrumentation } from './instrumentation.js';
import type { AdapterInstrumentation } from './instrumentation.js';
import type { LibraryTarget } from './loading/library-target.js';
import { shared } from './shared.js';

/** What an adapter declares: its name, its options and what it traces. */
export interface AdapterDefinition<Settings extends object> {
  /** As in `instrumentAll({ instrumentations: { redis: … } })`. */
  readonly name: string;
  /** The npm package, which is the instrumentation scope's name. */
  readonly packageName: string;
  readonly version: string;
  /** The adapter's own options. */
  readonly options: OptionRules<Settings>;
  /** Providers whose model calls it records, as `gen_ai.provider.name` has them. */
  readonly providers?: readonly string[];
  targets(settings: Settings & CommonSettings): readonly LibraryTarget[];
}

/**
 * An adapter: call it to get an OpenTelemetry instrumentation for `registerInstrumentations` or `NodeSDK`, or leave
 * that to `instrumentAll()`.
 *
 * @throws TypeError for an option that is unknown or has a wrong value.
 */
export interface Adapter<Options extends object = object> {
  (options?: Options & CommonOptions): AdapterInstrumentation;
  readonly adapterName: string;
}

/** Makes an adapter and makes it known to `instrumentAll()`, which in a bundle has no other way to find it. */
export function adapter<Options extends object, Settings extends object>(
  definition: AdapterDefinition<Settings>,
): Adapter<Options> {
  const rules = { ...commonRules, ...definition.options } as OptionRules<Settings & CommonSettings>;
  const make = (options?: object): AdapterInstrumentation =>
    instrumentation(definition, resolveOptions(definition.name, rules, options).values);
  const made = Object.assign(make, { adapterName: definition.name });
  shared().adapters.set(definition.name, made);
  return made;
}
