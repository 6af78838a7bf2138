import { warnOnce } from '../guard.js';
import type { OptionRule, OptionRules } from './option.js';

/** Where a value came from: `code`, the name of an environment variable, or `default`. */
export type Source = string;

export interface Resolved<Options> {
  readonly values: Options;
  readonly sources: { readonly [Key in keyof Options]: Source };
}

/**
 * Brings options together: code before environment before default. A wrong value in code is an error; in the
 * environment it is a warning, and the next source holds: a typo in a variable must not take a service down.
 *
 * @param where the function that the user called, for messages: `instrumentAll`.
 * @throws TypeError that names the option, the value and what is accepted.
 */
export function resolveOptions<Options extends object>(
  where: string,
  rules: OptionRules<Options>,
  given: unknown = {},
  environment: NodeJS.ProcessEnv = process.env,
): Resolved<Options> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError(`${where}: options: ${show(given)} is not accepted; expected an object`);
  }
  const known = Object.keys(rules);
  for (const key of Object.keys(given)) if (!known.includes(key)) throw unknownName(where, key, key, known);

  const values: Record<string, unknown> = {};
  const sources: Record<string, Source> = {};
  for (const [key, rule] of Object.entries<OptionRule<unknown>>(rules)) {
    const value = (given as Record<string, unknown>)[key];
    if (value !== undefined) {
      if (!rule.test(value)) throw wrongValue(where, key, value, rule.accepts);
      values[key] = value;
      sources[key] = 'code';
    } else {
      const [found, source] = fromEnvironment(rule, environment);
      values[key] = found;
      sources[key] = source;
    }
  }
  return { values: values as Options, sources: sources as Resolved<Options>['sources'] };
}

function fromEnvironment(rule: OptionRule<unknown>, environment: NodeJS.ProcessEnv): [unknown, Source] {
  for (const { name, parse, accepts } of rule.environment ?? []) {
    const text = environment[name];
    if (text === undefined || text === '') continue;
    const value = parse(text);
    if (value !== undefined) return [value, name];
    warnOnce(
      `environment variable ${name}: ${show(text)} is not accepted; expected ${accepts ?? rule.accepts}; ignored`,
    );
  }
  return [rule.default, 'default'];
}

/** `instrumentAll: option redact: 7 is not accepted; expected a function`. */
export function wrongValue(where: string, option: string, value: unknown, accepts: string): TypeError {
  return new TypeError(`${where}: option ${option}: ${show(value)} is not accepted; expected ${accepts}`);
}

/** `instrumentAll: option instrumentations.reddis: unknown; did you mean redis? Known: neo4j, redis`. */
export function unknownName(where: string, option: string, name: string, known: readonly string[]): TypeError {
  return new TypeError(`${where}: option ${option}: ${unknownText(name, known)}`);
}

export function unknownText(name: string, known: readonly string[]): string {
  const near = known.find((candidate) => distance(name.toLowerCase(), candidate.toLowerCase()) <= 2);
  return `unknown;${near === undefined ? '' : ` did you mean ${near}?`} Known: ${known.join(', ')}`;
}

function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return String(value);
}

/** Levenshtein's distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substituted = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substituted, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
