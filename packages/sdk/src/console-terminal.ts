import process from 'node:process';
import type { ConsoleFormat } from './console-processor.js';

/** Standard output: coloured on a terminal, where `NO_COLOR` and `FORCE_COLOR` count. */
export function terminal(): Omit<ConsoleFormat, 'format'> {
  return {
    colour: wantsColour(),
    width: () => (process.stdout.isTTY ? process.stdout.columns : undefined),
    write: lineWriter(),
  };
}

/**
 * Writes lines. A reader that went away (`app | head`) must not end the program because of us; what the program itself
 * writes then fails as it would without us.
 */
function lineWriter(): (text: string) => void {
  let readerLeft = false;
  let writing = 0;
  const ignore = (): void => undefined;
  return (text) => {
    if (readerLeft) return;
    const { stdout } = process;
    writing += 1;
    if (writing === 1) stdout.on('error', ignore);
    stdout.write(`${text}\n`, (error) => {
      readerLeft ||= error !== null && error !== undefined;
      // The error event comes after the callback.
      setImmediate(() => {
        writing -= 1;
        if (writing === 0) stdout.off('error', ignore);
      }).unref();
    });
  };
}

/** `FORCE_COLOR` over `NO_COLOR`, as in Node itself. */
function wantsColour(): boolean {
  const { FORCE_COLOR, NO_COLOR, TERM } = process.env;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  return process.stdout.isTTY && TERM !== 'dumb';
}
