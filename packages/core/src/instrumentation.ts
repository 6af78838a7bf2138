import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import type { AdapterDefinition } from './adapter.js';
import type { CommonSettings } from './configuration/common.js';
import { contentPolicy } from './content.js';
import { declareProvider } from './context/model-call.js';
import { reportFailure, warnOnce } from './guard.js';
import { attachModules } from './loading/attach-modules.js';
import type { AttachedModules } from './loading/attach-modules.js';
import { findCopies, roots } from './loading/copies.js';
import { isModuleTarget } from './loading/library-target.js';
import type { PublishedTarget } from './loading/library-target.js';
import { packageJson } from './loading/package.js';
import type { Sighting } from './loading/sighting.js';
import { shared } from './shared.js';
import { telemetry } from './telemetry.js';
import type { Telemetry } from './telemetry.js';
import { inRange } from './versions.js';

/** The part of a configuration that OpenTelemetry reads: it enables an instrumentation only when this is not set. */
export interface InstrumentationConfig {
  enabled?: boolean;
}

/**
 * OpenTelemetry's `Instrumentation`, structurally, so that `registerInstrumentations` and `NodeSDK` of the SDK 2 and
 * the SDK 3 line take it, and what Throughline adds to it.
 */
export interface AdapterInstrumentation {
  /** The npm package: the instrumentation scope of its spans. */
  readonly instrumentationName: string;
  readonly instrumentationVersion: string;
  /** As in `instrumentAll({ instrumentations: { redis: … } })`. */
  readonly adapterName: string;
  /** Attaches. A second instrumentation of the same adapter in one process stays passive: one span per call. */
  enable(): void;
  /** Puts everything back; streams that are being read are recorded to their end. */
  disable(): void;
  /** The provider to use instead of the global one. */
  setTracerProvider(provider: TracerProvider): void;
  /** The provider to use instead of the global one. */
  setMeterProvider(provider: MeterProvider): void;
  setConfig(config: InstrumentationConfig): void;
  getConfig(): InstrumentationConfig;
  /** Attaches to a module that the program hands over: one inside a bundle, or of a copy that cannot be found. */
  instrument(module: object): void;
  /** Settled once it is known which libraries are loaded: at once in plain Node. */
  readonly ready: Promise<void>;
  /** What became of each of its libraries. */
  sightings(): readonly Sighting[];
  /** Methods that another vendor's instrumentation has wrapped. */
  conflicts(): readonly Conflict[];
}

/** A method that two instrumentations are on. */
export interface Conflict {
  readonly method: string;
  /** The other one records its calls, and we do not. Otherwise such a call has a span of each. */
  readonly theirs: boolean;
}

export function instrumentation<Settings extends object>(
  definition: AdapterDefinition<Settings>,
  settings: Settings & CommonSettings,
): AdapterInstrumentation {
  const { name, packageName, version } = definition;
  let tracerProvider: TracerProvider | undefined;
  let meterProvider: MeterProvider | undefined;
  let detach: (() => void) | undefined;
  let modules: AttachedModules | undefined;
  let passive = false;
  let rootFiles: readonly string[] = [];
  const conflicts = new Map<string, Conflict>();
  const libraries = definition.targets(settings);
  const published = libraries.filter((one): one is PublishedTarget => !isModuleTarget(one));

  const self: AdapterInstrumentation = {
    instrumentationName: packageName,
    instrumentationVersion: version,
    adapterName: name,
    enable() {
      if (detach !== undefined || passive) return;
      const other = shared().attached.get(name);
      if (other !== undefined && other !== self) {
        passive = true;
        warnOnce(
          `${name} is instrumented already (${other.instrumentationName} ${other.instrumentationVersion}); the second one stays passive`,
        );
        return;
      }
      shared().attached.set(name, self);
      try {
        attach();
      } catch (error) {
        reportFailure(`enabling ${name}`, error);
        self.disable();
      }
    },
    disable() {
      passive = false;
      detach?.();
      detach = undefined;
      modules = undefined;
      if (shared().attached.get(name) === self) shared().attached.delete(name);
    },
    setTracerProvider(provider) {
      tracerProvider = provider;
    },
    setMeterProvider(provider) {
      meterProvider = provider;
    },
    setConfig() {
      // Options are given when the instrumentation is made; OpenTelemetry's SDKs call this for their own only.
    },
    getConfig: () => ({ enabled: detach !== undefined }),
    instrument(module) {
      self.enable();
      modules?.instrument(module);
    },
    get ready() {
      return modules?.ready ?? Promise.resolve();
    },
    conflicts: () => [...conflicts.values()],
    sightings() {
      const rows = modules?.sightings() ?? [];
      // A library that publishes on channels can be patched as well: then its copies have their rows.
      const patched = new Set(rows.filter(({ state }) => state !== 'not installed').map(({ library }) => library));
      const publishing = published
        .filter((one) => !patched.has(one.package))
        .map((one) => publishedSighting(one, name, rootFiles));
      const told = new Set([...patched, ...publishing.map(({ library }) => library)]);
      return [...rows.filter(({ library, state }) => state !== 'not installed' || !told.has(library)), ...publishing];
    },
  };

  function attach(): void {
    let on = true;
    const own: Telemetry = telemetry({
      name,
      scope: { name: packageName, version },
      content: contentPolicy({ ...settings, limit: settings.contentLimit }),
      baggageAttributes: settings.baggageAttributes,
      parentShortcut: settings.parentShortcut,
      enabled: () => on,
      noteConflict(method, theirs = false) {
        if (conflicts.has(method)) return;
        conflicts.set(method, { method, theirs });
        warnOnce(
          theirs
            ? `${method} is recorded by another instrumentation: its calls are left to that one (${name})`
            : `${method} is wrapped by another instrumentation too: its calls will have a span of each (${name})`,
        );
      },
      tracerProvider: () => tracerProvider,
      meterProvider: () => meterProvider,
    });
    const undo = [() => (on = false)] as (() => unknown)[];
    detach = () => {
      for (const one of undo.splice(0).toReversed()) one();
    };
    for (const provider of definition.providers ?? []) undo.push(declareProvider(provider));
    for (const one of published) undo.push(one.target(own));
    rootFiles = roots(settings.from);
    modules = attachModules(libraries.filter(isModuleTarget), own, rootFiles);
    undo.push(modules.detach);
  }

  return self;
}

function publishedSighting(
  { package: library, versions }: PublishedTarget,
  adapter: string,
  rootFiles: readonly string[],
): Sighting {
  const row = { library, adapter };
  if (versions === undefined) return { ...row, state: 'traced', why: 'part of Node' };
  const copies = findCopies(library, rootFiles).map((folder) => ({
    path: folder,
    version: packageJson(folder)?.version ?? '0.0.0',
  }));
  const fit = copies.find((copy) => inRange(copy.version, versions));
  if (fit !== undefined) return { ...row, ...fit, state: 'traced', why: 'it publishes on diagnostics channels' };
  const [other] = copies;
  if (other !== undefined) return { ...row, ...other, state: 'unsupported', why: `supported are ${versions}` };
  return { ...row, state: 'not installed', why: 'not found from the program; a bundled copy is traced all the same' };
}
