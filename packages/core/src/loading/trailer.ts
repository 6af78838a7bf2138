import nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';
import { readFileSync } from 'node:fs';
import { reportFailure } from '../guard.js';
import { shared } from '../shared.js';
import { isImportedCommonJs, mishandlesImportedCommonJs, runByCommonJsLoader } from './imported-commonjs.js';

/** Answers what to do with a file's exports once it has run; `undefined` for files of no interest. */
export type Matcher = (file: string) => ((exports: object) => void) | undefined;

/** The one load hook of a process, whichever copy of core installed it. */
export interface Trailers {
  readonly matchers: Set<Matcher>;
  /** Why later loads cannot be seen; `undefined` when they can. */
  readonly unavailable: string | undefined;
}

const ON_LOAD = 'throughline.onLoad';

/**
 * Sees modules that are loaded from now on: one load hook appends one statement to the few files that are of
 * interest. It runs at the end of that module's own evaluation, before any importer runs. Exports stay what they are.
 */
export function watchLoads(matcher: Matcher): { readonly unavailable: string | undefined; readonly stop: () => void } {
  const trailers = (shared().trailers ??= install());
  trailers.matchers.add(matcher);
  return {
    unavailable: trailers.unavailable,
    stop: () => trailers.matchers.delete(matcher),
  };
}

function install(): Trailers {
  const matchers = new Set<Matcher>();
  const unavailable = whyNoHook();
  if (unavailable !== undefined) return { matchers, unavailable };
  const mishandles = mishandlesImportedCommonJs(process.versions.node);
  try {
    nodeModule.registerHooks({
      load(url, context, next) {
        const loaded = next(url, context);
        if (!url.startsWith('file:')) return loaded;
        const file = fileURLToPath(url);
        if (mishandles && isImportedCommonJs(loaded.format, context.conditions)) {
          return { ...loaded, source: runByCommonJsLoader(textOf(loaded.source, file)) };
        }
        if (!matches(matchers, file)) return loaded;
        // Node says nothing of the format of a file that is required and whose package has no `type`.
        const isModule = loaded.format === 'module';
        if (!isModule && loaded.format !== 'commonjs' && loaded.format !== undefined && loaded.format !== null)
          return loaded;
        const text = textOf(loaded.source, file);
        return { ...loaded, source: `${text}\n${isModule ? moduleTrailer(url) : commonJsTrailer(url)}` };
      },
    });
  } catch (error) {
    return { matchers, unavailable: `this host does not take load hooks (${(error as Error).message})` };
  }
  Object.defineProperty(globalThis, Symbol.for(ON_LOAD), {
    configurable: true,
    value: (url: string, exports: object) => {
      const file = fileURLToPath(url);
      for (const matcher of matchers) {
        try {
          matcher(file)?.(exports);
        } catch (error) {
          reportFailure(`attaching to ${file}`, error);
        }
      }
    },
  });
  return { matchers, unavailable: undefined };
}

function textOf(source: unknown, file: string): string {
  if (source === undefined || source === null) return readFileSync(file, 'utf8');
  return typeof source === 'string' ? source : Buffer.from(source as Uint8Array).toString('utf8');
}

function matches(matchers: ReadonlySet<Matcher>, file: string): boolean {
  for (const matcher of matchers) {
    try {
      if (matcher(file) !== undefined) return true;
    } catch (error) {
      reportFailure(`looking at ${file}`, error);
    }
  }
  return false;
}

const call = (url: string, exports: string): string =>
  `globalThis[Symbol.for(${JSON.stringify(ON_LOAD)})]?.(${JSON.stringify(url)}, ${exports});`;

const moduleTrailer = (url: string): string =>
  `;import * as __throughline_self from ${JSON.stringify(url)};${call(url, '__throughline_self')}`;

/** `typeof`: a file of unsaid format may turn out to be an ES module. */
const commonJsTrailer = (url: string): string => `;if (typeof module === 'object') ${call(url, 'module.exports')}`;

function whyNoHook(): string | undefined {
  if (typeof nodeModule.registerHooks !== 'function')
    return 'this host has no module.registerHooks (Node 22.15 or newer has)';
  if (mishandlesImportedCommonJs(process.versions.node) && hasForeignLoader()) {
    return `Node ${process.versions.node} breaks imports of CommonJS when a load hook stands beside another loader; Node 22.22.3 or 24.11.1 and newer do not`;
  }
  return undefined;
}

/** `--import` of ourselves is no loader. */
function hasForeignLoader(): boolean {
  const words = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)];
  return words.some((word, index) => {
    const match = /^(?:--loader|--experimental-loader|--import|--require|-r)(?:=(.*))?$/.exec(word);
    if (match === null) return false;
    const value = match[1] ?? words[index + 1] ?? '';
    return !/throughline/.test(value);
  });
}
