/** A function of any shape, seen from the side that replaces it. */
export type AnyFunction = (this: unknown, ...args: never[]) => unknown;

/**
 * Replaces a method in place and answers what puts it back. The replacement has the name, the length and the own
 * properties of the original.
 *
 * - Ours on top: the original property descriptor is restored, or the property deleted when it was inherited.
 * - Somebody wrapped over us: our wrapper stays where it is; it passes through, since its telemetry is off then.
 *
 */
export function patch(owner: object, name: PropertyKey, wrap: (original: AnyFunction) => AnyFunction): () => void {
  const own = Object.getOwnPropertyDescriptor(owner, name);
  const original = (owner as Record<PropertyKey, unknown>)[name];
  if (typeof original !== 'function') throw new TypeError(`${String(name)} is not a method`);
  if (own !== undefined && own.configurable === false && own.writable !== true) {
    throw new TypeError(`${String(name)} cannot be replaced`);
  }

  const replacement = wrap(original as AnyFunction);
  imitate(replacement, original);
  Object.defineProperty(owner, name, {
    configurable: own?.configurable ?? true,
    enumerable: own?.enumerable ?? isEnumerable(owner, name),
    writable: own?.writable ?? true,
    value: replacement,
  });

  return () => {
    if (Object.getOwnPropertyDescriptor(owner, name)?.value !== replacement) return;
    if (own === undefined) Reflect.deleteProperty(owner, name);
    else Object.defineProperty(owner, name, own);
  };
}

/** Not taken over: OpenTelemetry's own `_wrap` removes a wrapper that carries them, ours with it. */
const SHIMMER_MARKERS: ReadonlySet<PropertyKey> = new Set(['__original', '__unwrap', '__wrapped']);

/** Whether another vendor's instrumentation wrapped this function. */
export function isWrappedByOthers(method: unknown): boolean {
  return typeof method === 'function' && '__wrapped' in method;
}

/** Gives a wrapper what a program can see of the wrapped function. */
export function imitate(wrapper: AnyFunction, original: object): void {
  Object.setPrototypeOf(wrapper, Object.getPrototypeOf(original) as object | null);
  for (const key of Reflect.ownKeys(original)) {
    if (SHIMMER_MARKERS.has(key)) continue;
    const descriptor = Object.getOwnPropertyDescriptor(original, key);
    if (descriptor === undefined || Object.getOwnPropertyDescriptor(wrapper, key)?.configurable === false) continue;
    Object.defineProperty(wrapper, key, descriptor);
  }
}

function isEnumerable(owner: object, name: PropertyKey): boolean {
  for (let at: object | null = owner; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const descriptor = Object.getOwnPropertyDescriptor(at, name);
    if (descriptor !== undefined) return descriptor.enumerable === true;
  }
  return true;
}
