import { registerInstrumentations } from '@opentelemetry/instrumentation';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { guard, instrumentAll, redactUrl, reportFailure, warnOnce } from '@throughline/core';
import type { Instrumented, Report } from '@throughline/core';
import { watchEnding } from './ending.js';
import { isRegistered, showWarnings } from './global-api.js';
import type { StartTracingOptions } from './options.js';
import { startPipeline } from './pipeline.js';
import { passedOn, resolveSettings } from './settings.js';
import type { Settings } from './settings.js';

/** What `startTracing` started. No method throws or rejects. */
export interface Tracing {
  /** What is traced and what is not, where spans go, and why. `String(report)` is a table. */
  report(): Report;
  /** Sends what has ended. Resolves when it was sent or has failed, after `timeoutMs` (default: 5000) at the latest. */
  flush(timeoutMs?: number): Promise<void>;
  /** Sends what has ended, and puts everything back. Resolves after `timeoutMs` (default: 5000) at the latest. */
  shutdown(timeoutMs?: number): Promise<void>;
  /** The spans of the `memory` exporter; empty without it, and after `shutdown()`. */
  spans(): readonly ReadableSpan[];
}

const RUNNING = Symbol.for('throughline.tracing.v1');
/** Shared by the ESM and the CJS copy: the preload can be the one, the program's own call the other. */
const holder = globalThis as { [RUNNING]?: Tracing };

/**
 * Starts tracing: OpenTelemetry's SDK with the chosen exporters, and every installed `@throughline/*` adapter. Call it
 * anywhere before the first request, whatever was imported before. Beside a tracer provider that is registered already
 * only instrumentations are turned on, and the report says so.
 *
 * A second call answers the same handle; other options then are a warning.
 *
 * @throws TypeError for an option that is unknown or has a wrong value, with what is accepted.
 */
export function startTracing(options: StartTracingOptions = {}): Tracing {
  showWarnings();
  const before = holder[RUNNING];
  if (before !== undefined) {
    if (Object.keys(options).length > 0) {
      warnOnce('startTracing was called before; the options of the second call are not used');
    }
    return before;
  }
  const settings = resolveSettings(options);
  // Before anything is registered, because it can refuse its options.
  const instrumented = instrument(settings, options);
  const joins = isRegistered('trace');
  const pipeline =
    settings.enabled && !joins ? guard('starting the OpenTelemetry SDK', () => startPipeline(settings)) : undefined;
  const unregister = settings.enabled
    ? guard('enabling other instrumentations', () =>
        registerInstrumentations({ instrumentations: [...settings.otherInstrumentations] }),
      )
    : undefined;

  let ended: Promise<void> | undefined;
  const end = (timeoutMs: number): Promise<void> => {
    delete holder[RUNNING];
    unwatch?.();
    unregister?.();
    instrumented.disable();
    return withinTime(timeoutMs, pipeline?.shutdown());
  };
  const tracing: Tracing = {
    report: () => withDestination(instrumented.report(), settings, joins),
    flush: (timeoutMs = 5_000) => withinTime(timeoutMs, pipeline?.flush()),
    shutdown: (timeoutMs = 5_000) => (ended ??= end(timeoutMs)),
    spans: () => pipeline?.spans() ?? [],
  };
  const unwatch = pipeline && watchEnding(pipeline, tracing);
  holder[RUNNING] = tracing;
  return tracing;
}

/** @throws TypeError for an option of `instrumentAll`'s, in the name of the function that was called. */
function instrument({ enabled }: Settings, options: StartTracingOptions): Instrumented {
  try {
    return instrumentAll({ enabled, ...passedOn(options) });
  } catch (error) {
    if (error instanceof TypeError) error.message = error.message.replace(/^instrumentAll:/, 'startTracing:');
    throw error;
  }
}

/** The report with where spans go. */
function withDestination(report: Report, settings: Settings, joins: boolean): Report {
  const why = destinationOf(report, settings, joins);
  const provider = { ...report.provider, why };
  return { ...report, provider, toString: () => String(report).replace(report.provider.why, () => why) };
}

function destinationOf({ provider }: Report, { enabled, exporters, endpoint }: Settings, joins: boolean): string {
  if (joins) {
    return 'to the tracer provider that was registered before startTracing(): its exporters, sampling and resource count';
  }
  if (!enabled) return 'tracing is disabled';
  if (!provider.registered) return 'the OpenTelemetry SDK is not running';
  if (exporters.length === 0) return "nowhere: exporter 'none'";
  const otlp = endpoint === undefined ? 'otlp' : `otlp ${redactUrl(endpoint)}`;
  return `to ${exporters.map((name) => (name === 'otlp' ? otlp : name)).join(', ')}`;
}

/** Waits no longer than the time given. A failure to send is none of the program's business. */
async function withinTime(timeoutMs: number, work: Promise<unknown> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, Math.min(timeoutMs, 2 ** 31 - 1));
  });
  try {
    await Promise.race([work, late]);
  } catch (error) {
    reportFailure('sending spans', error);
  } finally {
    clearTimeout(timer);
  }
}
