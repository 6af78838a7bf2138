/** One row of the configuration: what it accepts, where else it can be said, what holds otherwise. */
export interface OptionRule<T> {
  /** In the words of the error message: `true or false`. */
  readonly accepts: string;
  readonly default: T;
  test(value: unknown): boolean;
  /** Environment variables, best first. */
  readonly environment?: readonly EnvironmentName<T>[];
}

export interface EnvironmentName<T> {
  readonly name: string;
  /** `undefined` for a text that is not accepted. */
  parse(text: string): T | undefined;
  /** What it accepts, when that differs from the option. */
  readonly accepts?: string;
}

/** The rules of a set of options. */
export type OptionRules<Options> = { readonly [Key in keyof Options]-?: OptionRule<Options[Key]> };

export function flag(fallback: boolean, ...names: string[]): OptionRule<boolean> {
  return {
    accepts: 'true or false',
    default: fallback,
    test: (value) => typeof value === 'boolean',
    environment: names.map((name) => ({ name, parse: parseFlag })),
  };
}

export function parseFlag(text: string): boolean | undefined {
  switch (text.trim().toLowerCase()) {
    case 'true':
    case '1':
    case 'yes':
    case 'on':
      return true;
    case 'false':
    case '0':
    case 'no':
    case 'off':
      return false;
    default:
      return undefined;
  }
}

export function choice<const T extends string>(values: readonly T[], fallback: T, ...names: string[]): OptionRule<T> {
  return {
    accepts: values.map((value) => `'${value}'`).join(', '),
    default: fallback,
    test: (value) => values.includes(value as T),
    environment: names.map((name) => ({ name, parse: (text) => values.find((value) => value === text.trim()) })),
  };
}

export function wholeNumber(fallback: number, least: number, ...names: string[]): OptionRule<number> {
  const test = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= least;
  return {
    accepts: `a whole number of at least ${least}`,
    default: fallback,
    test,
    environment: names.map((name) => ({
      name,
      parse: (text) => (/^\s*\d+\s*$/.test(text) && test(Number(text)) ? Number(text) : undefined),
    })),
  };
}

/** A text that need not be given. */
export function text(...names: string[]): OptionRule<string | undefined> {
  return {
    accepts: 'a text that is not empty',
    default: undefined,
    test: (value) => typeof value === 'string' && value !== '',
    environment: names.map((name) => ({ name, parse: (given) => (given.trim() === '' ? undefined : given.trim()) })),
  };
}

export function texts(...names: string[]): OptionRule<readonly string[]> {
  return {
    accepts: 'a list of texts',
    default: [],
    test: (value) => Array.isArray(value) && value.every((entry) => typeof entry === 'string'),
    environment: names.map((name) => ({ name, parse: splitList })),
  };
}

export function splitList(given: string): string[] {
  return given
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** A function that need not be given. */
export function callback<T extends (...args: never[]) => unknown>(): OptionRule<T | undefined> {
  return { accepts: 'a function', default: undefined, test: (value) => typeof value === 'function' };
}

/** An object that need not be given, recognised by its methods. */
export function objectWith<T extends object>(
  accepts: string,
  ...methods: (keyof T & string)[]
): OptionRule<T | undefined> {
  return {
    accepts,
    default: undefined,
    test: (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function'),
  };
}

/** An object with named values, which an array is not. */
export function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
