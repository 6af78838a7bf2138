import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { diag, DiagConsoleLogger, DiagLogLevel, trace } from '@opentelemetry/api';
import type { TracerProvider } from '@opentelemetry/api';

/** Where every copy of `@opentelemetry/api` 1.x keeps what is registered; it has no public way to ask. */
const GLOBAL_API = Symbol.for('opentelemetry.js.api.1');

/** Whether somebody registered a provider, context manager, propagator or logger. */
export function isRegistered(name: 'trace' | 'metrics' | 'context' | 'propagation' | 'diag'): boolean {
  return (globalThis as { [GLOBAL_API]?: Record<string, unknown> })[GLOBAL_API]?.[name] !== undefined;
}

/** A wrong variable is worth a line: without a logger of the program's, warnings go to standard error. */
export function showWarnings(): void {
  if (isRegistered('diag')) return;
  const level = (process.env['OTEL_LOG_LEVEL'] ?? '').trim().toUpperCase();
  diag.setLogger(new DiagConsoleLogger(), {
    logLevel: DiagLogLevel[level as keyof typeof DiagLogLevel] ?? DiagLogLevel.WARN,
  });
}

/** Registers the provider for tracers that are taken from now on, and for those that were taken before. */
export function registerTracerProvider(provider: TracerProvider): void {
  // Until something is registered, each copy of the API gives a proxy of its own. A CommonJS library that took its
  // tracer from another copy than ours would keep one that does nothing.
  const { cache } = createRequire(path.join(process.cwd(), 'index.js'));
  for (const [file, module] of Object.entries(cache)) {
    if (!/[\\/]@opentelemetry[\\/]api[\\/](?:dist|build[\\/]src)[\\/]index\.c?js$/.test(file)) continue;
    const { trace: other } = (module?.exports ?? {}) as { trace?: typeof trace };
    const proxy = other?.getTracerProvider() as { setDelegate?: (provider: TracerProvider) => void } | undefined;
    proxy?.setDelegate?.(provider);
  }
  trace.setGlobalTracerProvider(provider);
}
