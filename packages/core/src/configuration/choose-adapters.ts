import { warnOnce } from '../guard.js';
import { isRecord, parseFlag, splitList } from './option.js';
import { unknownName, unknownText, wrongValue } from './resolve.js';

/** The option `instrumentations`. */
type Given = Readonly<Record<string, boolean | object>>;

/** An adapter that is to be on or off, with its options. */
export interface Choice {
  readonly on: boolean;
  readonly why: string;
  readonly options: object;
}

/** @throws TypeError for a name that is unknown, or a value that is neither a flag nor options. */
export function checkNames(instrumentations: Given, known: readonly string[]): void {
  for (const [name, value] of Object.entries(instrumentations)) {
    if (!known.includes(name)) throw unknownName('instrumentAll', `instrumentations.${name}`, name, known);
    if (typeof value !== 'boolean' && !isRecord(value)) {
      throw wrongValue('instrumentAll', `instrumentations.${name}`, value, 'true, false or an object with options');
    }
  }
}

/** The other names that environments use for an adapter. */
const ALIASES: Record<string, readonly string[]> = { http: ['REQUESTS'], pino: ['LOGGING'], winston: ['LOGGING'] };

/** Code over `INSTRUMENT_*` over OpenTelemetry's two lists. */
export function chooseAdapters(instrumentations: Given, known: readonly string[]): Map<string, Choice> {
  const enabled = environmentList('OTEL_NODE_ENABLED_INSTRUMENTATIONS', known);
  const disabled = environmentList('OTEL_NODE_DISABLED_INSTRUMENTATIONS', known);
  return new Map(
    known.map((name): [string, Choice] => {
      const given = instrumentations[name];
      if (typeof given === 'object') return [name, { on: true, why: '', options: given }];
      if (given !== undefined) return [name, { on: given, why: `option instrumentations.${name}`, options: {} }];
      for (const word of [constantCase(name), ...(ALIASES[name] ?? [])]) {
        const variable = `INSTRUMENT_${word}`;
        const text = process.env[variable];
        if (text === undefined || text === '') continue;
        const on = parseFlag(text);
        if (on !== undefined) return [name, { on, why: variable, options: {} }];
        warnOnce(`environment variable ${variable}: '${text}' is not accepted; expected true or false; ignored`);
      }
      if (disabled?.includes(name) === true) {
        return [name, { on: false, why: 'OTEL_NODE_DISABLED_INSTRUMENTATIONS', options: {} }];
      }
      if (enabled !== undefined && !enabled.includes(name)) {
        return [name, { on: false, why: 'not in OTEL_NODE_ENABLED_INSTRUMENTATIONS', options: {} }];
      }
      return [name, { on: true, why: '', options: {} }];
    }),
  );
}

/** The lists are shared with OpenTelemetry's own instrumentations, so a name that is not ours is none of our business. */
function environmentList(variable: string, known: readonly string[]): readonly string[] | undefined {
  const text = process.env[variable];
  if (text === undefined || text.trim() === '') return undefined;
  const names = splitList(text);
  for (const name of names) {
    const text = unknownText(name, known);
    if (!known.includes(name) && text.includes('did you mean')) {
      warnOnce(`environment variable ${variable}: ${name}: ${text}`);
    }
  }
  return names;
}

function constantCase(name: string): string {
  return name.replaceAll('-', '_').toUpperCase();
}
