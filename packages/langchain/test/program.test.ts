import { context, createContextKey, trace } from '@opentelemetry/api';
import type { BaseCallbackHandler } from '@langchain/core/callbacks/base';
import { describe, expect, it } from 'vitest';
import { collect, scripted, searching, searchTool, turn, within, work } from './application.js';
import { LINES, load } from './library.js';
import type { Library } from './library.js';
import { traced } from './traced.js';

/** The key of `suppressTracing`. */
const SUPPRESS = createContextKey('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

for (const line of LINES) {
  describe(`a program on @langchain/core ${line}`, async () => {
    const lib = await load(line, 'esm');
    const test = traced(line);

    for (const awaitHandlers of [true, false]) {
      it(`has the same callbacks in the same order, ${awaitHandlers ? 'awaited' : 'in the background'}`, async () => {
        const record = async (): Promise<string[]> => {
          const events: string[] = [];
          await agent(lib).invoke(question(lib), { callbacks: [recording(events, awaitHandlers)] });
          for (let turns = 0; turns < 20; turns += 1) await turn();
          return events;
        };
        const plain = await record();
        await test.trace();
        expect(await record()).toEqual(plain);
        expect(plain.length).toBeGreaterThan(10);
        expect(test.recorder.span('invoke_agent researcher').parentId).toBeUndefined();
        expect(test.recorder.open()).toBe(0);
      });
    }

    it('keeps its list of callbacks, its manager and its configuration as they are', async () => {
      await test.trace();
      const handler = recording([], true);
      const callbacks = Object.freeze([handler]) as unknown as BaseCallbackHandler[];
      const config = Object.freeze({ callbacks, runName: 'step', tags: Object.freeze([]) as unknown as string[] });
      const step = lib.runnables.RunnableLambda.from(async () => work('in step'));
      await step.invoke('x', config);
      const manager = new lib.managers.CallbackManager();
      manager.addHandler(handler, true);
      await step.invoke('x', { callbacks: manager, runName: 'step' });
      expect(manager.handlers).toEqual([handler]);
      expect(test.recorder.tree()).toEqual(['step', '  in step', 'step', '  in step']);
    });

    it('gets its own errors, and a failed run is an error of its span only', async () => {
      const failure = Object.assign(new TypeError('SECRET message'), { extra: 1 });
      const chain = lib.runnables.RunnableLambda.from(async (): Promise<string> => {
        throw failure;
      });
      await test.trace();
      const outer = lib.runnables.RunnableLambda.from(async () => {
        await chain.invoke('x', { runName: 'inner' }).catch(() => undefined);
        return 'recovered';
      });
      await expect(chain.invoke('x', { runName: 'failing' })).rejects.toBe(failure);
      await expect(outer.invoke('x', { runName: 'outer' })).resolves.toBe('recovered');
      expect(test.recorder.span('failing')).toMatchObject({
        status: 'ERROR',
        attributes: { 'error.type': 'TypeError' },
      });
      expect(test.recorder.span('inner').status).toBe('ERROR');
      expect(test.recorder.span('outer').status).toBe('UNSET');
      expect(JSON.stringify(test.recorder.spans())).not.toContain('SECRET');
    });

    it('aborts an invocation: cancelled, no error', async () => {
      await test.trace();
      const controller = new AbortController();
      const step = lib.runnables.RunnableLambda.from(async () => {
        controller.abort();
        return work('in step');
      });
      const chain = step.withConfig({ runName: 'first' }).pipe(step);
      await expect(chain.invoke('x', { signal: controller.signal, runName: 'chain' })).rejects.toThrow(/abort/i);
      for (let turns = 0; turns < 20; turns += 1) await turn();
      expect(test.recorder.open()).toBe(0);
      expect(test.recorder.span('invoke_workflow chain')).toMatchObject({
        status: 'UNSET',
        attributes: { 'throughline.cancelled': true },
      });
    });

    it('aborts between an attempt and its fallback', async () => {
      await test.trace();
      const controller = new AbortController();
      const { RunnableLambda } = lib.runnables;
      const first = RunnableLambda.from(async (): Promise<string> => {
        controller.abort();
        throw new Error('no');
      });
      const either = first.withFallbacks([RunnableLambda.from(async () => work('second'))]);
      await expect(either.invoke('x', { signal: controller.signal, runName: 'either' })).rejects.toThrow(/abort/i);
      expect(test.recorder.open()).toBe(0);
      expect(test.recorder.span('either').status).toBe('UNSET');
    });

    it('suppresses tracing: no span, and the same result', async () => {
      await test.trace();
      const suppressed = context.active().setValue(SUPPRESS, true);
      const answer = await context.with(suppressed, () => agent(lib).invoke(question(lib)));
      const inside = lib.runnables.RunnableLambda.from(async () => {
        const quiet = context.active().setValue(SUPPRESS, true);
        return context.with(quiet, () => agent(lib).invoke(question(lib)));
      });
      await inside.invoke('x', { runName: 'inside' });
      expect(answer.messages.at(-1)?.content).toBe('found it');
      expect(test.recorder.spans().map((span) => span.name)).toEqual(['inside']);
    });

    it('has two roots in one configuration: one span a run', async () => {
      await test.trace();
      const inner = lib.runnables.RunnableLambda.from(async () => work('in inner'));
      const outer = lib.runnables.RunnableLambda.from(async (_: string, config) => {
        const callbacks = config?.callbacks;
        const bound = inner.withConfig({ runName: 'inner', ...(callbacks && { callbacks }) });
        const other = lib.runnables.RunnableLambda.from(async (input: string, given) => bound.invoke(input, given));
        return other.invoke('x', { runName: 'other', callbacks: [] });
      });
      await outer.invoke('x', { runName: 'outer' });
      const names = test.recorder.spans().map((span) => span.name);
      expect(names.toSorted()).toEqual(['in inner', 'inner', 'other', 'outer']);
      expect(test.recorder.open()).toBe(0);
    });

    it('leaves work running behind a node: its spans are still children of the node', async () => {
      const { Annotation, END, START, StateGraph } = lib.langgraph;
      let late: Promise<unknown> | undefined;
      const later = lib.runnables.RunnableLambda.from(async () => work('in late'));
      const graph = new StateGraph(Annotation.Root({ n: Annotation<number> }))
        .addNode('fire', async (_, config) => {
          late = (async () => {
            for (let turns = 0; turns < 20; turns += 1) await turn();
            return later.invoke('x', { ...config, runName: 'late' });
          })();
          return { n: 1 };
        })
        .addEdge(START, 'fire')
        .addEdge('fire', END)
        .compile();
      await test.trace();
      await graph.invoke({ n: 0 }, { runName: 'flow' });
      await late;
      expect(test.recorder.tree()).toEqual(['invoke_workflow flow', '  node fire', '    late', '      in late']);
    });

    it('dispatches an event of its own: its name on the span, not its data', async () => {
      await test.trace();
      const step = lib.runnables.RunnableLambda.from(async (_: string, config) => {
        await lib.dispatch.dispatchCustomEvent('progress', { secret: 'SECRET' }, config);
        return 'x';
      });
      await step.invoke('x', { runName: 'step' });
      const { events } = test.recorder.span('step');
      expect(events).toEqual([{ name: 'langchain.custom_event', attributes: { 'langchain.event.name': 'progress' } }]);
    });

    it('turns tracing off while a run is open: its span ends', async () => {
      const adapter = await test.trace();
      const outer = lib.runnables.RunnableLambda.from(async () => {
        adapter.disable();
        return (await scripted(lib).invoke('x')).content;
      });
      await outer.invoke('x', { runName: 'outer' });
      expect(test.recorder.open()).toBe(0);
      expect(test.recorder.tree()).toEqual(['outer', '  provider']);
    });
  });

  describe(`a program on @langchain/core ${line} whose trace is not sampled`, async () => {
    const lib = await load(line, 'esm');
    const test = traced(line, { sampler: { shouldSample: () => ({ decision: 0 }), toString: () => 'never' } });

    it('gets no callbacks and no wrapped streams of ours', async () => {
      await test.trace();
      let callbacks: unknown = 'unset';
      const step = lib.runnables.RunnableLambda.from(async (_: string, config) => {
        callbacks = config?.callbacks;
        return trace.getActiveSpan()?.isRecording();
      });
      expect(await within('request', () => step.invoke('x'))).toBe(false);
      expect(callbacks).toBeUndefined();
      expect(await collect(await scripted(lib, { streams: true }).stream('x'))).toHaveLength(3);
    });
  });
}

function agent(lib: Library) {
  return lib.prebuilt.createReactAgent({ llm: searching(lib), tools: [searchTool(lib)], name: 'researcher' });
}

function question({ messages }: Library) {
  return { messages: [new messages.HumanMessage('x')] };
}

/** A handler of the program: what it is told, with run ids numbered in the order of their first appearance. */
function recording(events: string[], awaitHandlers: boolean): BaseCallbackHandler {
  const numbers = new Map<unknown, number>();
  const number = (id: unknown): number => {
    if (!numbers.has(id)) numbers.set(id, numbers.size);
    return numbers.get(id) as number;
  };
  const handler: Record<string, unknown> = { name: 'recording', awaitHandlers, copy: () => handler };
  for (const part of ['Chain', 'ChatModel', 'LLM', 'Tool', 'Retriever']) {
    handler[`handle${part}Start`] = (_: unknown, __: unknown, run: unknown, parent: unknown) => {
      events.push(`${part} ${number(run)} of ${number(parent)}`);
    };
    for (const end of ['End', 'Error']) {
      handler[`handle${part}${end}`] = (_: unknown, run: unknown) => {
        events.push(`${part} ${number(run)} ${end}`);
      };
    }
  }
  return handler as unknown as BaseCallbackHandler;
}
