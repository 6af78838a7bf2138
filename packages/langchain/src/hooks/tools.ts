import { intercept, module } from '@throughline/core';
import type { AnyFunction, ModuleTarget, Target } from '@throughline/core';
import { record, text } from '../callback-data.js';
import { runOf } from '../run-lookup.js';
import { bindIterator, isIterator } from '../iterators.js';
import { inFrame, inRun, newFrame } from '../run.js';
import { subclassMethods } from '../subclass-methods.js';

interface ToolPrototype {
  call(...args: unknown[]): unknown;
}

interface Exports {
  readonly StructuredTool?: { readonly prototype: ToolPrototype };
}

export function tools(versions: string): ModuleTarget {
  const files = ['dist/tools/index.js', 'dist/tools/index.cjs'];
  return module<Exports>('@langchain/core', versions, files, ({ StructuredTool }) => [
    StructuredTool && tool(StructuredTool.prototype),
  ]);
}

function tool(base: ToolPrototype): Target {
  return (telemetry) => {
    const bodies = subclassMethods(telemetry, { _call: body });
    const detach = intercept(base, 'call', (original) => {
      return function (this: unknown, ...args: never[]): unknown {
        bodies.see(this as object | undefined);
        const [input, config] = args as unknown[];
        const callId = text(toolCall(input)?.['id']) ?? text(record(record(config)?.['toolCall'])?.['id']);
        return inFrame(newFrame('tool', this as object, { callId }), () => Reflect.apply(original, this, args));
      };
    })(telemetry);
    return () => {
      bodies.detach();
      detach();
    };
  };
}

/** What a model asked for, when that itself is the input. Before 1.1 no callback has its id. */
function toolCall(input: unknown): Readonly<Record<string, unknown>> | undefined {
  const call = record(input);
  return call?.['type'] === 'tool_call' ? call : undefined;
}

/** `_call(input, runManager, config)`: answers a value, a promise, a generator, or a promise of one. */
function body(original: AnyFunction): AnyFunction {
  return function (this: unknown, ...args: never[]): unknown {
    const run = runOf(args[1]);
    if (run === undefined) return Reflect.apply(original, this, args);
    const bound = (value: unknown): unknown => (isIterator(value) ? bindIterator(value, run) : value);
    const returned = inRun(run, () => Reflect.apply(original, this, args));
    return returned instanceof Promise ? returned.then(bound) : bound(returned);
  };
}
