import { all, intercept, module } from '@throughline/core';
import type { AnyFunction, ModuleTarget, Target } from '@throughline/core';
import { signalOf } from '../callback-data.js';
import { runOf } from '../run-lookup.js';
import { bindIterator, guardStream, isIterator } from '../iterators.js';
import type { AnyIterator } from '../iterators.js';
import { cancelRun, failRun, inFrame, inRun, newFrame } from '../run.js';
import { subclassMethods } from '../subclass-methods.js';

/** Where runnables are called and streamed. Internal to LangChain, the same from 0.3 to 1.4. */
interface RunnablePrototype {
  _callWithConfig(...args: unknown[]): unknown;
  _transformStreamWithConfig(...args: unknown[]): unknown;
  stream(...args: unknown[]): unknown;
  transform(...args: unknown[]): unknown;
}

interface Exports {
  readonly Runnable?: { readonly prototype: RunnablePrototype };
  readonly RunnableBinding?: { readonly prototype: object };
  readonly RunnableWithFallbacks?: { readonly prototype: { invoke(...args: unknown[]): unknown } };
}

export function runnables(versions: string): ModuleTarget {
  const files = ['dist/runnables/base.js', 'dist/runnables/base.cjs'];
  return module<Exports>('@langchain/core', versions, files, ({ Runnable, RunnableBinding, RunnableWithFallbacks }) => [
    RunnableWithFallbacks && intercept(RunnableWithFallbacks.prototype, 'invoke', fallbacks),
    Runnable && intercept(Runnable.prototype, '_callWithConfig', callWithConfig),
    Runnable && intercept(Runnable.prototype, '_transformStreamWithConfig', transformStreamWithConfig),
    // The default only invokes, and a binding only hands on: neither starts a run of its own.
    Runnable && streams(Runnable.prototype, RunnableBinding === undefined ? [] : [RunnableBinding.prototype]),
  ]);
}

type Steps = (this: unknown, input: unknown, ...rest: unknown[]) => unknown;

/** `func(input, config, runManager)`: prompts, parsers, functions, branches run in it. */
function callWithConfig(original: AnyFunction): AnyFunction {
  return function (this: unknown, ...args: never[]): unknown {
    const [func, ...rest] = args as unknown as [Steps, ...unknown[]];
    const inside: Steps = function (...given) {
      return inRun(runOf(given[2]), () => Reflect.apply(func, this, given));
    };
    return Reflect.apply(original, this, [inside, ...rest] as never[]);
  };
}

/** `transformer(input, runManager, config)` gives the generator in which a stream is transformed. */
function transformStreamWithConfig(original: AnyFunction): AnyFunction {
  return function (this: unknown, ...args: never[]): unknown {
    const [input, transformer, options] = args as unknown as [unknown, Steps, unknown];
    const frame = newFrame('stream', this as object, { signal: signalOf(options) });
    const inside: Steps = function (...given) {
      const run = runOf(given[1]);
      if (run === undefined) return Reflect.apply(transformer, this, given);
      frame.started.push(run);
      const transformed = inRun(run, () => Reflect.apply(transformer, this, given));
      return isIterator(transformed)
        ? bindIterator(transformed, run, undefined, () => {
            cancelRun(run);
          })
        : transformed;
    };
    const stream = Reflect.apply(original, this, [input, inside, options] as never[]) as AnyIterator;
    return guardStream(stream, frame, false);
  };
}

/** An abort between two attempts is thrown, and told to no callback. */
function fallbacks(original: AnyFunction): AnyFunction {
  return function (this: unknown, ...args: never[]): unknown {
    const frame = newFrame('stream', this as object, { signal: signalOf(args[1]) });
    const returned = inFrame(frame, () => Reflect.apply(original, this, args));
    if (!(returned instanceof Promise)) return returned;
    return returned.catch((error: unknown) => {
      failRun(frame.started[0], error);
      throw error;
    });
  };
}

/** Guards `_streamIterator`, whichever class defines it. */
function streams(base: RunnablePrototype, except: readonly object[]): Target {
  return (telemetry) => {
    const guarded = subclassMethods(telemetry, { _streamIterator: streamIterator }, [base, ...except]);
    const seeing = (original: AnyFunction): AnyFunction =>
      function (this: unknown, ...args: never[]): unknown {
        guarded.see(this as object | undefined);
        return Reflect.apply(original, this, args);
      };
    const detach = all([intercept(base, 'stream', seeing), intercept(base, 'transform', seeing)])(telemetry);
    return () => {
      guarded.detach();
      detach();
    };
  };
}

/** `_streamIterator(input, config)` */
export function streamIterator(original: AnyFunction): AnyFunction {
  return function (this: unknown, ...args: never[]): unknown {
    const stream = Reflect.apply(original, this, args);
    if (!isIterator(stream)) return stream;
    return guardStream(stream, newFrame('stream', this as object, { signal: signalOf(args[1]) }), true);
  };
}
