import { createContextKey } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';

const keys = new Map<string, symbol>();

function keyOf(family: string): symbol {
  let key = keys.get(family);
  if (key === undefined) {
    key = createContextKey(`throughline.family.${family}`);
    keys.set(family, key);
  }
  return key;
}

/** Whether a call of this family is under way around: a second one inside is not recorded. */
export function isInsideFamily(context: Context, family: string): boolean {
  return context.getValue(keyOf(family)) === true;
}

export function insideFamily(context: Context, family: string): Context {
  return context.setValue(keyOf(family), true);
}
