import { context, trace } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { module } from '@throughline/core';
import type { ModuleTarget, Target, Telemetry } from '@throughline/core';

/*
 * Instrumentations of other vendors that make a span of the same call. Such a call is left alone, so that one span
 * comes out, and the report names the conflict.
 */

/** Whether OpenTelemetry's instrumentations have wrapped a method: before us, or since. */
export function isWrapped(method: unknown): boolean {
  return typeof method === 'function' && '__wrapped' in method;
}

/** Says so in the report, before `intercept` finds the wrapper and has to say that there will be two spans. */
export function noteWrapped<Owner extends object>(owner: Owner, ...names: readonly (keyof Owner & string)[]): Target {
  return (telemetry) => {
    for (const name of names) if (isWrapped(owner[name])) telemetry.noteConflict(name, true);
    return () => {};
  };
}

/** Those that make their span active while they call the client. */
const SCOPES: ReadonlySet<unknown> = new Set([
  '@opentelemetry/instrumentation-redis',
  '@opentelemetry/instrumentation-redis-4',
]);

/** Whether the active span is what another instrumentation has made of this call. */
export function isInsideOthers(telemetry: Telemetry, method: string, active: Context = context.active()): boolean {
  // `instrumentationScope` in OpenTelemetry's SDK 2 and 3; the API has no name for it.
  const span = trace.getSpan(active) as { readonly instrumentationScope?: { readonly name?: unknown } } | undefined;
  if (!SCOPES.has(span?.instrumentationScope?.name)) return false;
  telemetry.noteConflict(method, true);
  return true;
}

/** What collects the commands of a transaction in redis: others make a span of each when it is executed. */
interface Multi {
  exec(): unknown;
  execAsPipeline(): unknown;
}

const multis = new Set<Multi>();

/** Whether another instrumentation makes spans of the commands of redis' batches. */
export function isBatchOfOthers(telemetry: Telemetry): boolean {
  for (const { exec } of multis) {
    if (!isWrapped(exec)) continue;
    telemetry.noteConflict('exec', true);
    return true;
  }
  return false;
}

/** Keeps an eye on the class, without touching it. */
export const nodeRedisMulti: ModuleTarget = module<{ readonly default?: { readonly prototype?: Multi } }>(
  '@redis/client',
  '>=1.5 <2 || >=5 <7',
  ['dist/lib/client/multi-command.js'],
  ({ default: { prototype } = {} }) => [
    typeof prototype?.execAsPipeline === 'function' &&
      (() => {
        multis.add(prototype);
        return () => multis.delete(prototype);
      }),
  ],
);
