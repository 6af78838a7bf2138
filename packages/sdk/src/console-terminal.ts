import process from 'node:process';
import type { ConsoleFormat } from './console-processor.js';

/** Standard output: coloured on a terminal, where `NO_COLOR` and `FORCE_COLOR` count. */
export function terminal(): Omit<ConsoleFormat, 'format'> {
  return {
    colour: wantsColour(),
    width: () => (process.stdout.isTTY ? process.stdout.columns : undefined),
    // Not `process.stdout.write`: the console survives a reader that went away.
    write: (text) => console.log(text),
  };
}

/** `FORCE_COLOR` over `NO_COLOR`, as in Node itself. */
function wantsColour(): boolean {
  const { FORCE_COLOR, NO_COLOR, TERM } = process.env;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  return process.stdout.isTTY && TERM !== 'dumb';
}
