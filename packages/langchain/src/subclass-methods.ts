import { intercept } from '@throughline/core';
import type { AnyFunction, Telemetry } from '@throughline/core';

/** What replaces a method. */
export type Wrap = (original: AnyFunction) => AnyFunction;

/** Methods that subclasses define: those of an application too, which no module exports. */
export interface SubclassMethods {
  /** Replaces them on the prototypes that own them, for the class of this instance. */
  see(instance: object | undefined): void;
  detach(): void;
}

/**
 * Replaces methods of subclasses when the first instance of a class is seen. A method of an instance's own, such as a
 * mock, stays.
 *
 * @param except prototypes whose methods stay: LangChain compares the defaults of its base classes by identity.
 */
export function subclassMethods(
  telemetry: Telemetry,
  wraps: Readonly<Record<string, Wrap>>,
  except: readonly object[] = [],
): SubclassMethods {
  const seen = new WeakSet<object>();
  const detachers: (() => void)[] = [];
  let detached = false;
  return {
    see(instance) {
      // A detached method has no instance, and fails as it would without us.
      const leaf = instance === undefined ? null : (Object.getPrototypeOf(instance) as object | null);
      if (detached || leaf === null || seen.has(leaf)) return;
      seen.add(leaf);
      for (const [name, wrap] of Object.entries(wraps)) {
        const owner = ownerOf(leaf, name);
        if (owner === undefined || except.includes(owner)) continue;
        detachers.push(intercept(owner as Record<string, AnyFunction>, name, wrap)(telemetry));
      }
    },
    detach() {
      detached = true;
      for (const detach of detachers.splice(0).toReversed()) detach();
    },
  };
}

function ownerOf(leaf: object, name: string): object | undefined {
  for (let at: object | null = leaf; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    if (Object.hasOwn(at, name)) return at;
  }
  return undefined;
}
