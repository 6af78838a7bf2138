import { all, guard, intercept, module, requestAttributes } from '@throughline/core';
import type { AnyFunction, ModuleTarget, Target, Telemetry } from '@throughline/core';
import { record, signalOf } from '../callback-data.js';
import type { Metadata } from '../callback-data.js';
import type { ModelStart } from '../describe-model.js';
import { modelRun } from '../model-run.js';
import { runOf } from '../run-lookup.js';
import type { Tracing } from '../tracing.js';
import { bindIterator, guardStream, isIterator } from '../iterators.js';
import type { AnyIterator } from '../iterators.js';
import { activeRun, frameFor, inFrame, inRun, newFrame, startRun } from '../run.js';
import type { Run } from '../run.js';
import { subclassMethods } from '../subclass-methods.js';
import { streamIterator } from './runnables.js';

interface ModelPrototype {
  generate(...args: unknown[]): unknown;
  _streamIterator(...args: unknown[]): unknown;
  /** Since 1.2 a stream of events that starts no run. */
  streamEvents(...args: unknown[]): unknown;
}

interface Exports {
  readonly BaseChatModel?: { readonly prototype: ModelPrototype };
  readonly BaseLLM?: { readonly prototype: ModelPrototype };
}

type TracingFor = (telemetry: Telemetry) => Tracing;

/** The provider is called inside its model's run, so that client libraries find the call that is offered to them. */
export function models(versions: string, tracingFor: TracingFor): readonly ModuleTarget[] {
  return [
    module<Exports>('@langchain/core', versions, bothFormats('chat_models'), ({ BaseChatModel }) => [
      BaseChatModel && model(BaseChatModel.prototype, tracingFor),
    ]),
    module<Exports>('@langchain/core', versions, bothFormats('llms'), ({ BaseLLM }) => [
      BaseLLM && model(BaseLLM.prototype, tracingFor),
    ]),
  ];
}

function bothFormats(name: string): readonly string[] {
  return [`dist/language_models/${name}.js`, `dist/language_models/${name}.cjs`];
}

function model(base: ModelPrototype, tracingFor: TracingFor): Target {
  return (telemetry) => {
    const streaming = chunkStream(tracingFor(telemetry));
    const provider = subclassMethods(
      telemetry,
      { _generate: generate, _call: callPrompt, _streamResponseChunks: streaming, _streamChatModelEvents: streaming },
      [base],
    );
    const seeing = (original: AnyFunction): AnyFunction =>
      function (this: unknown, ...args: never[]): unknown {
        provider.see(this as object | undefined);
        return Reflect.apply(original, this, args);
      };
    const framed = (original: AnyFunction): AnyFunction =>
      function (this: unknown, ...args: never[]): unknown {
        provider.see(this as object | undefined);
        return inFrame(newFrame('model', this as object), () => Reflect.apply(original, this, args));
      };
    const detach = all([
      intercept(base, 'generate', framed),
      intercept(base, '_streamIterator', (original) => seeing(streamIterator(original))),
      intercept(base, 'streamEvents', seeing),
    ])(telemetry);
    return () => {
      provider.detach();
      detach();
    };
  };
}

/** `_generate(messages, options, runManager)` */
function generate(original: AnyFunction): AnyFunction {
  return function (this: unknown, ...args: never[]): unknown {
    return inRun(runOf(args[2]), () => Reflect.apply(original, this, args));
  };
}

/** `_call(prompt, options, runManager)`: of several prompts all have the first one's run manager. */
function callPrompt(original: AnyFunction): AnyFunction {
  return function (this: unknown, ...args: never[]): unknown {
    const run = runOf(args[2]);
    const prompt = record(args[1])?.['promptIndex'];
    const own = typeof prompt === 'number' ? (run?.siblings[prompt] ?? run) : run;
    return inRun(own, () => Reflect.apply(original, this, args));
  };
}

/** `_streamResponseChunks(input, options, runManager)` and `_streamChatModelEvents`, which may have no run manager. */
function chunkStream(tracing: Tracing): (original: AnyFunction) => AnyFunction {
  return (original) =>
    function (this: unknown, ...args: never[]): unknown {
      const known = runOf(args[2]) ?? frameFor('model')?.started[0] ?? activeModelRun();
      const run = known ?? guard('starting a run', () => startLooseRun(tracing, this as object, args));
      const stream = inRun(run, () => Reflect.apply(original, this, args));
      if (run === undefined || !isIterator(stream)) return stream;
      if (known !== undefined) return observed(stream, run);
      const frame = newFrame('stream', this as object, { signal: signalOf(args[1]) });
      frame.started.push(run);
      return guardStream(observed(stream, run), frame, false);
    };
}

function activeModelRun(): Run | undefined {
  const run = activeRun();
  return run?.kind === 'model' ? run : undefined;
}

/** A stream that no run stands for: the model's own methods, called by the program or for a stream of events. */
function startLooseRun(tracing: Tracing, self: object, [input, options]: readonly unknown[]): Run {
  const { invocationParams, getLsParams } = self as {
    invocationParams?: (options: unknown) => Record<string, unknown>;
    getLsParams?: (options: unknown) => Metadata;
  };
  const given = record(options) ?? {};
  const start: ModelStart = {
    operation: typeof input === 'string' ? 'text_completion' : 'chat',
    serialized: undefined,
    self,
    params: invocationParams?.call(self, given) ?? {},
    metadata: getLsParams?.call(self, given),
    messages: input,
    tags: undefined,
  };
  return startRun(tracing.telemetry, modelRun(tracing, activeRun(), start));
}

/** Times the first chunk, unless the client library below does. */
function observed<I extends AnyIterator>(stream: I, run: Run): I {
  const claimed = (): boolean => run.offer?.claimedBy !== undefined;
  if (!claimed()) run.execution?.set(requestAttributes({ stream: true }));
  return bindIterator(stream, run, (chunk) => {
    if (!claimed()) run.execution?.chunk(chunk);
  });
}
