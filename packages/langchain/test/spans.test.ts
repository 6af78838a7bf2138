import { describe, expect, it } from 'vitest';
import { scripted, searching, searchTool, USAGE, work } from './application.js';
import { LINES, load } from './library.js';
import type { Library } from './library.js';
import { traced } from './traced.js';

for (const line of LINES) {
  describe(`spans of @langchain/core ${line}`, async () => {
    const lib = await load(line, 'esm');
    const test = traced(line, { metrics: true });

    it('an agent and its tool', async () => {
      await test.trace();
      const agent = lib.prebuilt.createReactAgent({
        llm: searching(lib),
        tools: [searchTool(lib)],
        name: 'researcher',
        ...(line !== '0.3.80' && { description: 'Looks things up' }),
      } as never) as ReturnType<typeof lib.prebuilt.createReactAgent>;
      await agent.invoke(question(lib), { configurable: { thread_id: 'thread' } });
      const agentSpan = test.recorder.span('invoke_agent researcher');
      expect(agentSpan.kind).toBe(0);
      expect(agentSpan.attributes).toMatchObject({
        'gen_ai.operation.name': 'invoke_agent',
        'gen_ai.agent.name': 'researcher',
        'gen_ai.conversation.id': 'thread',
      });
      expect(test.recorder.span('execute_tool search').attributes).toEqual({
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'search',
        'gen_ai.tool.type': 'function',
        'gen_ai.tool.description': 'Finds things',
        'gen_ai.tool.call.id': 'call_1',
        'gen_ai.agent.name': 'researcher',
        'gen_ai.conversation.id': 'thread',
      });
      const metrics = await test.recorder.metrics();
      expect(metrics.find((one) => one.name === 'gen_ai.invoke_agent.duration')?.attributes).toEqual({
        'gen_ai.agent.name': 'researcher',
      });
      expect(metrics.find((one) => one.name === 'gen_ai.execute_tool.duration')?.attributes).toEqual({
        'gen_ai.tool.name': 'search',
        'gen_ai.agent.name': 'researcher',
      });
    });

    it('a node of a graph', async () => {
      await test.trace();
      await graph(lib, async () => ({ n: 1 })).invoke({ n: 0 }, { runName: 'flow' });
      const { attributes } = test.recorder.span('node only');
      expect(attributes).toMatchObject({
        'langgraph.node.name': 'only',
        'langgraph.step': 1,
        'langgraph.path': 'pull',
      });
      expect(attributes['langgraph.triggers']).toEqual(['branch:to:only']);
      expect(test.recorder.span('invoke_workflow flow').attributes).toMatchObject({
        'gen_ai.operation.name': 'invoke_workflow',
        'gen_ai.workflow.name': 'flow',
      });
    });

    it('a node that is tried again: each attempt, numbered from the second on', async () => {
      await test.trace();
      let attempts = 0;
      const retryPolicy = { maxAttempts: 2, initialInterval: 1, jitter: false, logWarning: false };
      const body = async (): Promise<{ n: number }> => {
        attempts += 1;
        if (attempts === 1) throw new Error('once');
        return { n: 1 };
      };
      await graph(lib, body, { retryPolicy }).invoke({ n: 0 }, { runName: 'flow' });
      const nodes = test.recorder.spans().filter((span) => span.name === 'node only');
      expect(nodes.map((span) => span.attributes['langgraph.node.attempt'])).toEqual([undefined, 2]);
      expect(nodes.map((span) => span.status)).toEqual(['ERROR', 'UNSET']);
      expect(test.recorder.span('invoke_workflow flow').status).toBe('UNSET');
    });

    it('an interrupt is no error', async () => {
      const { interrupt, MemorySaver } = lib.langgraph;
      await test.trace();
      const asking = graph(lib, async () => ({ n: interrupt('SECRET') as number }), {}, new MemorySaver());
      await asking.invoke({ n: 0 }, { configurable: { thread_id: 'thread' }, runName: 'flow' });
      const node = test.recorder.span('node only');
      expect(node).toMatchObject({ status: 'UNSET', events: [], attributes: { 'langgraph.interrupted': true } });
      expect(test.recorder.span('invoke_workflow flow').status).toBe('UNSET');
      expect(JSON.stringify(test.recorder.spans())).not.toContain('SECRET');
    });

    it('a tool that fails is an error of its span; the agent recovers', async () => {
      await test.trace();
      const failing = searchTool(lib, async () => {
        await work('in search');
        throw new RangeError('SECRET');
      });
      const agent = lib.prebuilt.createReactAgent({ llm: searching(lib), tools: [failing], name: 'researcher' });
      await agent.invoke(question(lib));
      expect(test.recorder.span('execute_tool search')).toMatchObject({
        status: 'ERROR',
        attributes: { 'error.type': 'RangeError' },
      });
      expect(test.recorder.span('invoke_agent researcher').status).toBe('UNSET');
      expect(JSON.stringify(test.recorder.spans())).not.toContain('SECRET');
    });

    it('a retriever on a vector store', async () => {
      const { Document } = lib.documents;
      const { FakeVectorStore, FakeEmbeddings } = lib.fakes;
      await test.trace();
      const store = await FakeVectorStore.fromDocuments(
        [new Document({ pageContent: 'SECRET', metadata: {} })],
        new FakeEmbeddings(),
      );
      await store.asRetriever({ k: 2 }).invoke('SECRET');
      const span = test.recorder.span('retrieval FakeVectorStore');
      expect(span.kind).toBe(2);
      expect(span.attributes).toEqual({
        'gen_ai.operation.name': 'retrieval',
        'gen_ai.data_source.id': 'FakeVectorStore',
        'gen_ai.retrieval.top_k': 2,
        'langchain.retriever.document_count': 1,
      });
    });

    it('nothing that the program sends or gets is recorded by default', async () => {
      await test.trace({ spans: 'all' });
      const secret = searchTool(lib, async () => 'SECRET result');
      const model = searching(lib, { name: 'search', args: { query: 'SECRET argument' } });
      const agent = lib.prebuilt.createReactAgent({ llm: model, tools: [secret], prompt: 'SECRET prompt' });
      await agent.invoke(
        { messages: [new lib.messages.HumanMessage('SECRET question')] },
        { metadata: { note: 'SECRET' } },
      );
      await lib.prompts.ChatPromptTemplate.fromTemplate('SECRET {q}')
        .pipe(scripted(lib))
        .invoke({ q: 'SECRET' }, { tags: ['SECRET'], runName: 'answer' });
      expect(JSON.stringify([test.recorder.spans(), await test.recorder.metrics()])).not.toContain('SECRET');
    });

    it('content, when it is wanted', async () => {
      await test.trace({ captureContent: true });
      const agent = lib.prebuilt.createReactAgent({
        llm: searching(lib),
        tools: [searchTool(lib)],
        name: 'researcher',
      });
      await agent.invoke(question(lib));
      const tool = test.recorder.span('execute_tool search').attributes;
      expect(JSON.parse(String(tool['gen_ai.tool.call.arguments']))).toEqual({ query: 'x' });
      expect(tool['gen_ai.tool.call.result']).toBe('"in search"');
      const { attributes } = test.recorder.span('invoke_agent researcher');
      expect(JSON.parse(String(attributes['gen_ai.input.messages']))).toEqual([
        { role: 'user', parts: [{ type: 'text', content: 'question' }] },
      ]);
      expect(JSON.parse(String(attributes['gen_ai.output.messages']))).toMatchObject([
        { role: 'assistant', parts: [{ type: 'text', content: 'found it' }] },
      ]);
    });

    it('spans: all shows every run, essential leaves nodes and steps out', async () => {
      const run = async (): Promise<readonly string[]> => {
        test.recorder.reset();
        const agent = lib.prebuilt.createReactAgent({
          llm: searching(lib),
          tools: [searchTool(lib)],
          name: 'researcher',
        });
        await graph(lib, async () => {
          await agent.invoke(question(lib));
          return { n: 1 };
        }).invoke({ n: 0 }, { runName: 'flow' });
        return test.recorder
          .spans()
          .map((span) => span.name)
          .toSorted();
      };
      const essential = await test.trace({ spans: 'essential' });
      expect(await run()).toEqual([
        'chat scripted',
        'chat scripted',
        'execute_tool search',
        'in search',
        'invoke_agent researcher',
        'invoke_workflow flow',
        'provider',
        'provider',
      ]);
      essential.disable();
      await test.trace({ spans: 'all' });
      const all = await run();
      expect(all).toEqual(
        expect.arrayContaining(['RunnableSequence', 'node agent', 'node only', 'node tools', 'prompt']),
      );
      expect(all.filter((name) => /ChannelWrite|__start__/.test(name))).toEqual([]);
      expect(test.recorder.open()).toBe(0);
    });
  });
}

describe('createAgent of langchain', async () => {
  const lib = await load('1.4.0', 'esm');
  const { createAgent, createMiddleware } = await import('langchain');
  const test = traced('1.4.0');

  it('an agent with a name, a tool and middleware', async () => {
    await test.trace();
    const middleware = createMiddleware({
      name: 'Checks',
      beforeModel: async () => void (await work('before')),
      wrapModelCall: async (request, handler) => {
        await work('around');
        return handler(request);
      },
    });
    const agent = createAgent({
      model: searching(lib),
      tools: [searchTool(lib)],
      name: 'researcher',
      middleware: [middleware],
    });
    await agent.invoke(question(lib) as never);
    expect(test.recorder.tree()).toEqual([
      'invoke_agent researcher',
      '  node Checks.before_model',
      '    before',
      '  around',
      '  chat scripted',
      '    provider',
      '  execute_tool search',
      '    in search',
      '  node Checks.before_model',
      '    before',
      '  around',
      '  chat scripted',
      '    provider',
    ]);
  });

  it('a graph that its tool runs is no agent, though it inherits the metadata', async () => {
    await test.trace();
    const flow = graph(lib, async () => ({ n: (await work('in node')).length }));
    const tool = lib.tools.tool(async (_: unknown, config) => (await flow.invoke({ n: 0 }, config)).n, {
      name: 'search',
      description: 'd',
      schema: lib.zod.z.object({ query: lib.zod.z.string() }),
    });
    const agent = createAgent({ model: searching(lib), tools: [tool] });
    await agent.invoke(question(lib) as never);
    expect(test.recorder.tree()).toEqual([
      'invoke_agent',
      '  chat scripted',
      '    provider',
      '  execute_tool search',
      '    invoke_workflow',
      '      node only',
      '        in node',
      '  chat scripted',
      '    provider',
    ]);
  });
});

describe('a decision model', async () => {
  const { BaseDecisionModel } = await import('@langchain/core/decisions');
  const test = traced('1.4.0');

  it('is a model call, though it reports as a chain', async () => {
    class Decider extends BaseDecisionModel {
      lc_namespace = ['test'];
      get _provider(): string {
        return 'decider';
      }
      async _classify(): Promise<never> {
        await work('provider');
        return { answers: { sure: { type: 'noul', noul: 0.9 } }, usage_metadata: USAGE } as never;
      }
    }
    await test.trace();
    await new Decider({ model: 'decider-1' }).invoke({
      state: 'SECRET',
      questions: { sure: { type: 'noul', instructions: 'SECRET' } },
    });
    expect(test.recorder.tree()).toEqual(['chat decider-1', '  provider']);
    expect(test.recorder.span('chat decider-1').attributes).toMatchObject({
      'gen_ai.provider.name': 'decider',
      'gen_ai.usage.input_tokens': USAGE.input_tokens,
      'gen_ai.usage.output_tokens': USAGE.output_tokens,
    });
  });
});

describe('an ESM program with a CommonJS dependency', async () => {
  const esm = await load('1.4.0', 'esm');
  const cjs = await load('1.4.0', 'cjs');
  const test = traced('1.4.0');

  it('has both copies in one tree', async () => {
    await test.trace();
    const agent = esm.prebuilt.createReactAgent({
      llm: searching(cjs) as never,
      tools: [searchTool(cjs) as never],
      name: 'researcher',
    });
    const step = cjs.runnables.RunnableLambda.from(async () => {
      const { messages } = await agent.invoke(question(esm));
      return messages.length;
    });
    expect(await step.invoke('x', { runName: 'step' })).toBe(4);
    expect(test.recorder.tree()).toEqual([
      'step',
      '  invoke_agent researcher',
      '    chat scripted',
      '      provider',
      '    execute_tool search',
      '      in search',
      '    chat scripted',
      '      provider',
    ]);
  });
});

function graph(
  { langgraph }: Library,
  body: () => Promise<{ n: number }>,
  options: object = {},
  checkpointer?: object,
) {
  const { Annotation, END, START, StateGraph } = langgraph;
  return new StateGraph(Annotation.Root({ n: Annotation<number> }))
    .addNode('only', body, options)
    .addEdge(START, 'only')
    .addEdge('only', END)
    .compile({ ...(checkpointer !== undefined && { checkpointer: checkpointer as never }) });
}

function question({ messages }: Library) {
  return { messages: [new messages.HumanMessage('question')] };
}
