import nodeModule from 'node:module';
import { hostRequire } from './host-require.js';

/** What a look into the module cache found. */
export type Peeked =
  | { readonly state: 'loaded'; readonly exports: object }
  | { readonly state: 'absent' }
  /** The answer comes a few microtasks later: something delays the loader. */
  | { readonly state: 'later'; readonly answer: Promise<object | undefined> };

const ABSENT: Peeked = { state: 'absent' };
let count = 0;

/**
 * Looks whether an ES module is in the cache, and gets its live namespace, without loading it.
 *
 * A virtual module re-exports the file, with a pair of temporary hooks around it. In the cache: Node links the
 * virtual module to it. Not there: Node asks our `load` hook for exactly that url, and we throw, so nothing is loaded
 * and nothing stays cached. A module that is linked but not evaluated yet (`import './setup.js'` came first) is
 * evaluated on the way.
 */
export function peek(fileUrl: string): Peeked {
  // Bun and Deno have no hooks, so never a named import of it.
  const { registerHooks } = nodeModule;
  if (typeof registerHooks !== 'function') return ABSENT;
  const probe = `throughline-peek:${(count += 1)}`;
  const absent = new Error(`not loaded: ${fileUrl}`);
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === probe) return { url: probe, format: 'module', shortCircuit: true };
      if (context.parentURL === probe) return { url: fileUrl, shortCircuit: true };
      return next(specifier, context);
    },
    load(url, context, next) {
      if (url === probe) {
        return { format: 'module', source: `export * as found from ${JSON.stringify(fileUrl)}`, shortCircuit: true };
      }
      if (url === fileUrl) throw absent;
      return next(url, context);
    },
  });
  const require = hostRequire();
  try {
    const { found } = require(probe) as { found: object };
    hooks.deregister();
    return { state: 'loaded', exports: found };
  } catch (error) {
    if (error === absent) {
      hooks.deregister();
      return ABSENT;
    }
    const answer = import(probe)
      .then(
        ({ found }: { found: object }) => found,
        () => undefined,
      )
      .finally(() => {
        hooks.deregister();
      });
    return { state: 'later', answer };
  }
}

/**
 * The exports of a CommonJS file that was required before. One that is in the cache but has not run yet was pulled in
 * by a static import; requiring it runs it now, which the import is about to do anyway.
 */
export function peekCommonJs(file: string): object | undefined {
  const require = hostRequire();
  const cached = require.cache[file];
  if (cached === undefined) return undefined;
  if (!cached.loaded && Object.keys(cached.exports as object).length === 0) return require(file) as object;
  return cached.exports as object;
}
