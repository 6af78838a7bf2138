import { diag } from '@opentelemetry/api';

/**
 * Runs what only telemetry needs. Whatever it throws stays here: the first failure of a kind is a warning through
 * `diag`, the same failure again is at debug level.
 *
 * @param what names the step in that log line, in the user's words: `describing a Redis command`.
 */
export function guard<T>(what: string, step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    reportFailure(what, error);
    return undefined;
  }
}

const reported = new Set<string>();

/** Logs a failure of telemetry. It never throws, even when the user's logger does. */
export function reportFailure(what: string, error: unknown): void {
  try {
    const line = `throughline: ${what} failed; the program is not affected`;
    if (reported.has(what)) {
      diag.debug(line, describeError(error));
      return;
    }
    reported.add(what);
    diag.warn(line, describeError(error));
  } catch {
    // A logger that throws has nowhere left to be reported to.
  }
}

/** Warns once per process and text. */
export function warnOnce(text: string): void {
  if (reported.has(text)) return;
  reported.add(text);
  try {
    diag.warn(`throughline: ${text}`);
  } catch {
    // As above.
  }
}

/** The class and code of an error: its message may quote what the program sent. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const frame = error.stack?.split('\n').find((line) => line.startsWith('    at '));
  return `${error.name}${frame === undefined ? '' : ` ${frame.trim()}`}`;
}
