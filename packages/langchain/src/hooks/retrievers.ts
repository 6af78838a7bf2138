import { intercept, module } from '@throughline/core';
import type { AnyFunction, ModuleTarget, Target } from '@throughline/core';
import { runOf } from '../run-lookup.js';
import { inFrame, inRun, newFrame } from '../run.js';
import { subclassMethods } from '../subclass-methods.js';

interface RetrieverPrototype {
  invoke(...args: unknown[]): unknown;
  /** Until 0.3 the one that starts the run. */
  getRelevantDocuments?(...args: unknown[]): unknown;
}

interface Exports {
  readonly BaseRetriever?: { readonly prototype: RetrieverPrototype };
}

export function retrievers(versions: string): ModuleTarget {
  const files = ['dist/retrievers/index.js', 'dist/retrievers/index.cjs'];
  return module<Exports>('@langchain/core', versions, files, ({ BaseRetriever }) => [
    BaseRetriever && retriever(BaseRetriever.prototype),
  ]);
}

function retriever(base: RetrieverPrototype): Target {
  return (telemetry) => {
    const searches = subclassMethods(telemetry, { _getRelevantDocuments: search });
    const entry = base.getRelevantDocuments === undefined ? 'invoke' : 'getRelevantDocuments';
    const detach = intercept(base, entry, (original) => {
      return function (this: unknown, ...args: never[]): unknown {
        searches.see(this as object | undefined);
        return inFrame(newFrame('retriever', this as object), () => Reflect.apply(original, this, args));
      };
    })(telemetry);
    return () => {
      searches.detach();
      detach();
    };
  };
}

/** `_getRelevantDocuments(query, runManager)` */
function search(original: AnyFunction): AnyFunction {
  return function (this: unknown, ...args: never[]): unknown {
    return inRun(runOf(args[1]), () => Reflect.apply(original, this, args));
  };
}
