import type { OptionRule } from '@throughline/core';

/** They carry credentials, whoever asks for them. */
const NEVER: readonly string[] = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie'];

/** A list of header names. Those that carry credentials are not accepted. */
export function headerNames(): OptionRule<readonly string[]> {
  return {
    accepts: `a list of header names other than ${NEVER.join(', ')}`,
    default: [],
    test: (value) => Array.isArray(value) && value.every(isHarmless),
  };
}

function isHarmless(name: unknown): boolean {
  return typeof name === 'string' && /^[!#$%&'*+.^_`|~\w-]+$/.test(name) && !NEVER.includes(name.toLowerCase());
}
