import { guard, intercept } from '@throughline/core';
import type { Target } from '@throughline/core';

/**
 * Looks at each call of a framework's method before it runs; what `look` answers sees what the call returned. A look
 * that fails is no matter of the program.
 */
export function see<Owner extends object>(
  owner: Owner,
  name: keyof Owner & string,
  look: (self: Owner, args: readonly unknown[]) => ((returned: unknown) => void) | undefined | void,
): Target {
  return intercept(owner, name, (original) => {
    return function (this: unknown, ...args): unknown {
      const after = guard(`looking at ${name}`, () => look(this as Owner, args));
      const returned: unknown = Reflect.apply(original, this, args);
      if (after) guard(`looking at ${name}`, () => after(returned));
      return returned;
    };
  });
}
