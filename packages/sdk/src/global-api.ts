import process from 'node:process';
import { diag, DiagConsoleLogger, DiagLogLevel } from '@opentelemetry/api';

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
