import { collect, scripted, searching, searchTool, within, work, workNow } from './application.js';
import type { Library } from './library.js';

/** What a program does, and the spans that it gives on every release line. */
export interface Scenario {
  readonly name: string;
  /** Answers what the program sees, which must be the same without us. */
  run(lib: Library): Promise<unknown>;
  readonly tree: readonly string[];
  /** Release lines that have what it uses. */
  readonly since?: string;
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a prompt, a model and a parser in a sequence',
    async run(lib) {
      const chain = lib.prompts.ChatPromptTemplate.fromTemplate('{q}')
        .pipe(scripted(lib))
        .pipe(new lib.parsers.StringOutputParser());
      return chain.invoke({ q: 'x' });
    },
    tree: ['chat scripted', '  provider'],
  },
  {
    name: 'a sequence that has a name',
    async run(lib) {
      const chain = lib.prompts.ChatPromptTemplate.fromTemplate('{q}')
        .pipe(scripted(lib))
        .pipe(new lib.parsers.StringOutputParser());
      return chain.invoke({ q: 'x' }, { runName: 'answer' });
    },
    tree: ['invoke_workflow answer', '  chat scripted', '    provider'],
  },
  {
    name: 'a function with a name, inside a span of the program',
    async run({ runnables }) {
      const step = runnables.RunnableLambda.from(async (text: string) => text + (await work('in step')));
      return within('request', () => step.invoke('x', { runName: 'step' }));
    },
    tree: ['request', '  step', '    in step'],
  },
  {
    name: 'a span of the program between a function and the model that it calls',
    async run(lib) {
      const model = scripted(lib);
      const step = lib.runnables.RunnableLambda.from(async (text: string, config) =>
        within('middle', async () => (await model.invoke(text, config)).content),
      );
      return step.invoke('x', { runName: 'step' });
    },
    tree: ['step', '  middle', '    chat scripted', '      provider'],
  },
  {
    name: 'a model called without the configuration of the run around',
    async run(lib) {
      const model = scripted(lib);
      const step = lib.runnables.RunnableLambda.from(async (text: string) => (await model.invoke(text)).content);
      return step.invoke('x', { runName: 'step' });
    },
    tree: ['step', '  chat scripted', '    provider'],
  },
  {
    name: 'parallel steps',
    async run(lib) {
      const { RunnableLambda, RunnableParallel } = lib.runnables;
      const steps = RunnableParallel.from({
        left: RunnableLambda.from(async () => work('in left')).withConfig({ runName: 'left' }),
        right: RunnableLambda.from(async () => work('in right')).withConfig({ runName: 'right' }),
      });
      return steps.invoke({}, { runName: 'both' });
    },
    tree: ['both', '  left', '    in left', '  right', '    in right'],
  },
  {
    name: 'a branch',
    async run(lib) {
      const { RunnableBranch, RunnableLambda } = lib.runnables;
      const branch = RunnableBranch.from<string, string>([
        [async () => (await work('condition')) !== '', RunnableLambda.from<string, string>(async () => work('taken'))],
        RunnableLambda.from<string, string>(async () => work('not taken')),
      ]);
      return branch.invoke('x', { runName: 'branch' });
    },
    tree: ['branch', '  condition', '  taken'],
  },
  {
    name: 'retries, each attempt apart',
    async run(lib) {
      let attempts = 0;
      const step = lib.runnables.RunnableLambda.from(async () => {
        attempts += 1;
        await work(`attempt ${attempts}`);
        if (attempts < 2) throw new Error('once');
        return attempts;
      })
        .withConfig({ runName: 'step' })
        .withRetry({ stopAfterAttempt: 3 });
      return withoutDelays(() => step.invoke('x'));
    },
    tree: ['step', '  attempt 1', 'step', '  attempt 2'],
  },
  {
    name: 'fallbacks',
    async run(lib) {
      const { RunnableLambda } = lib.runnables;
      const first = RunnableLambda.from(async (): Promise<string> => {
        await work('first');
        throw new Error('no');
      }).withConfig({ runName: 'a' });
      const second = RunnableLambda.from(async () => work('second')).withConfig({ runName: 'b' });
      return first.withFallbacks([second]).invoke('x', { runName: 'either' });
    },
    tree: ['either', '  a', '    first', '  b', '    second'],
  },
  {
    name: 'a batch with a limit',
    async run(lib) {
      const step = lib.runnables.RunnableLambda.from(async (n: number) => work(`in ${n}`));
      return within('request', () => step.batch([1, 2, 3], { runName: 'step' }, { maxConcurrency: 1 } as never));
    },
    tree: ['request', '  step', '    in 1', '  step', '    in 2', '  step', '    in 3'],
  },
  {
    name: 'a sequence in a batch',
    async run(lib) {
      const chain = lib.prompts.ChatPromptTemplate.fromTemplate('{q}').pipe(scripted(lib));
      const answers = await chain.batch([{ q: 'x' }, { q: 'y' }], { runName: 'answer' });
      return answers.map((one) => one.content);
    },
    tree: [
      'invoke_workflow answer',
      '  chat scripted',
      '    provider',
      'invoke_workflow answer',
      '  chat scripted',
      '    provider',
    ],
  },
  {
    name: 'a model with a queue of its own',
    async run(lib) {
      const model = scripted(lib, { maxConcurrency: 1 });
      const ask = (name: string): Promise<unknown> => within(name, async () => (await model.invoke('x')).content);
      return Promise.all([ask('request 1'), ask('request 2')]);
    },
    tree: ['request 1', '  chat scripted', '    provider', 'request 2', '  chat scripted', '    provider'],
  },
  {
    name: 'a model that streams',
    async run(lib) {
      const chunks = await collect(await scripted(lib, { streams: true }).stream('x'));
      return chunks.map((one) => one.content);
    },
    tree: ['chat scripted', '  provider', '  provider', '  provider'],
  },
  {
    name: 'a sequence that streams through a function and a generator',
    async run(lib) {
      const { RunnableLambda, RunnableSequence } = lib.runnables;
      const chain = RunnableSequence.from([
        lib.prompts.ChatPromptTemplate.fromTemplate('{q}'),
        scripted(lib, { streams: true }),
        new lib.parsers.StringOutputParser(),
        RunnableLambda.from(spell as never).withConfig({ runName: 'letters' }),
      ] as never);
      const spelled = await chain.stream({ q: 'x' }, { runName: 'spell' });
      return collect(spelled as never);
    },
    tree: [
      'invoke_workflow spell',
      '  chat scripted',
      '    provider',
      '    provider',
      '    provider',
      '  letters',
      '    letter',
      '    letter',
      '    letter',
    ],
  },
  {
    name: 'a parser of the program, streamed',
    async run(lib) {
      class Shout extends lib.parsers.BaseTransformOutputParser<string> {
        lc_namespace = ['test'];
        override getFormatInstructions(): string {
          return '';
        }
        override async parse(text: string): Promise<string> {
          await work('parse');
          return text.toUpperCase();
        }
      }
      const chain = scripted(lib, { streams: true }).pipe(new Shout().withConfig({ runName: 'shout' }));
      return collect(await chain.stream('x', { runName: 'loud' }));
    },
    tree: [
      'invoke_workflow loud',
      '  chat scripted',
      '    provider',
      '    provider',
      '    provider',
      '  shout',
      '    parse',
      '    parse',
      '    parse',
    ],
  },
  {
    name: 'events of a stream, version 2',
    async run(lib) {
      const chain = lib.prompts.ChatPromptTemplate.fromTemplate('{q}').pipe(scripted(lib, { streams: true }));
      const events = await collect(chain.streamEvents({ q: 'x' }, { version: 'v2', runName: 'events' }));
      return events.map((one) => one.event);
    },
    tree: ['invoke_workflow events', '  chat scripted', '    provider', '    provider', '    provider'],
  },
  {
    name: 'events of a model without a version',
    since: '1.2.13',
    async run(lib) {
      const events = await collect(
        scripted(lib, { streams: true }).streamEvents('x', undefined as never) as AsyncIterable<{ event: string }>,
      );
      return events.map((one) => one.event);
    },
    tree: ['chat scripted', '  provider', '  provider', '  provider'],
  },
  {
    name: 'several prompts of one call',
    async run(lib) {
      class Echo extends lib.llms.LLM {
        override _llmType(): string {
          return 'echo';
        }
        override async _call(prompt: string): Promise<string> {
          return work(`in ${prompt}`);
        }
      }
      const { generations } = await new Echo({}).generate(['one', 'two']);
      return generations.map((one) => one[0]?.text);
    },
    tree: ['text_completion', '  in one', 'text_completion', '  in two'],
  },
  {
    name: 'an answer from the cache',
    async run(lib) {
      const model = scripted(lib, { cache: new lib.caches.InMemoryCache() });
      const ask = async (): Promise<unknown> => (await model.invoke('x')).content;
      return [await ask(), await ask(), model.calls];
    },
    tree: ['chat scripted', '  provider', 'chat scripted'],
  },
  {
    name: 'a tool made of a function',
    async run(lib) {
      return searchTool(lib).invoke({ query: 'x' });
    },
    tree: ['execute_tool search', '  in search'],
  },
  {
    name: 'a tool that takes a text',
    async run(lib) {
      const tool = lib.tools.tool(async () => work('in tool'), {
        name: 'ask',
        description: 'd',
        schema: lib.zod.z.string(),
      } as never);
      return tool.invoke('x' as never);
    },
    tree: ['execute_tool ask', '  in tool'],
  },
  {
    name: 'a tool that is a class',
    async run(lib) {
      class Shout extends lib.tools.StructuredTool {
        override name = 'shout';
        override description = 'd';
        override schema = lib.zod.z.object({ text: lib.zod.z.string() }) as never;
        override async _call(): Promise<string> {
          return work('in shout');
        }
      }
      return new Shout().invoke({ text: 'x' } as never);
    },
    tree: ['execute_tool shout', '  in shout'],
  },
  {
    name: 'a tool that is a generator',
    since: '1.2.13',
    async run(lib) {
      const tool = lib.tools.tool(
        async function* () {
          await work('first half');
          yield 'half';
          await work('second half');
          return 'whole';
        } as never,
        { name: 'slow', description: 'd', schema: lib.zod.z.object({}) } as never,
      );
      return tool.invoke({} as never);
    },
    tree: ['execute_tool slow', '  first half', '  second half'],
  },
  {
    name: 'a retriever',
    async run(lib) {
      const { Document } = lib.documents;
      class Shelf extends lib.retrievers.BaseRetriever {
        lc_namespace = ['test'];
        override async _getRelevantDocuments(): Promise<InstanceType<typeof Document>[]> {
          await work('search');
          return [new Document({ pageContent: 'SECRETDOC', id: '1' })];
        }
      }
      return (await new Shelf({}).invoke('x')).length;
    },
    tree: ['retrieval Shelf', '  search'],
  },
  {
    name: 'a graph with parallel nodes, a conditional edge and a subgraph',
    async run(lib) {
      return flow(lib).invoke({ steps: [] }, { runName: 'flow' });
    },
    tree: [
      'invoke_workflow flow',
      '  node start',
      '    in start',
      '    routing',
      '  node left',
      '    in left',
      '  node right',
      '    in right',
      '  node sub',
      '    node inner',
      '      in inner',
    ],
  },
  {
    name: 'a graph that streams',
    async run(lib) {
      const updates = await collect(await flow(lib).stream({ steps: [] }, { runName: 'flow', streamMode: 'updates' }));
      return updates.map((one) => Object.keys(one as object)).toSorted();
    },
    tree: [
      'invoke_workflow flow',
      '  node start',
      '    in start',
      '    routing',
      '  node left',
      '    in left',
      '  node right',
      '    in right',
      '  node sub',
      '    node inner',
      '      in inner',
    ],
  },
  {
    name: 'a node sent to several times',
    async run(lib) {
      const { Annotation, END, Send, START, StateGraph } = lib.langgraph;
      const State = Annotation.Root({
        items: Annotation<string[]>({ reducer: (a, b) => [...a, ...b], default: () => [] }),
      });
      const graph = new StateGraph(State)
        .addNode('split', () => ({}))
        .addNode('each', async ({ items }) => ({ items: [await work(`in ${items[0]}`)] }))
        .addEdge(START, 'split')
        .addConditionalEdges('split', () => [new Send('each', { items: ['a'] }), new Send('each', { items: ['b'] })], [
          'each',
        ])
        .addEdge('each', END)
        .compile();
      return graph.invoke({ items: [] });
    },
    tree: ['invoke_workflow', '  node split', '  node each', '    in a', '  node each', '    in b'],
  },
  {
    name: 'an interrupt and its resume',
    async run(lib) {
      const { Annotation, Command, END, interrupt, MemorySaver, START, StateGraph } = lib.langgraph;
      const State = Annotation.Root({ answer: Annotation<string> });
      const graph = new StateGraph(State)
        .addNode('ask', async () => {
          await work('before');
          return { answer: interrupt('sure?') as string };
        })
        .addEdge(START, 'ask')
        .addEdge('ask', END)
        .compile({ checkpointer: new MemorySaver() });
      const config = { configurable: { thread_id: 'thread' }, runName: 'approval' };
      await graph.invoke({}, config);
      return graph.invoke(new Command({ resume: 'yes' }), config);
    },
    tree: [
      'invoke_workflow approval',
      '  node ask',
      '    before',
      'invoke_workflow approval',
      '  node ask',
      '    before',
    ],
  },
  {
    name: 'an agent with a tool',
    async run(lib) {
      const agent = lib.prebuilt.createReactAgent({
        llm: searching(lib),
        tools: [searchTool(lib)],
        name: 'researcher',
      });
      const { messages } = await agent.invoke({ messages: [new lib.messages.HumanMessage('x')] });
      return messages.map((one) => one.content);
    },
    tree: [
      'invoke_agent researcher',
      '  chat scripted',
      '    provider',
      '  execute_tool search',
      '    in search',
      '  chat scripted',
      '    provider',
    ],
  },
  {
    name: 'a tool that calls another agent',
    async run(lib) {
      const inner = lib.prebuilt.createReactAgent({ llm: scripted(lib), tools: [], name: 'writer' });
      const search = searchTool(lib, async () => {
        const { messages } = await inner.invoke({ messages: [new lib.messages.HumanMessage('y')] });
        return messages.at(-1)?.content;
      });
      const agent = lib.prebuilt.createReactAgent({ llm: searching(lib), tools: [search], name: 'researcher' });
      const { messages } = await agent.invoke({ messages: [new lib.messages.HumanMessage('x')] });
      return messages.at(-1)?.content;
    },
    tree: [
      'invoke_agent researcher',
      '  chat scripted',
      '    provider',
      '  execute_tool search',
      '    invoke_agent writer',
      '      chat scripted',
      '        provider',
      '  chat scripted',
      '    provider',
    ],
  },
  {
    name: 'an entrypoint and its tasks',
    async run(lib) {
      const { entrypoint, task } = lib.langgraph;
      const spell = task('spell', async (word: string) => `${word} ${await work('in spell')}`);
      const flow = entrypoint('essay', async (words: string[]) => {
        await work('in essay');
        return Promise.all(words.map((word) => spell(word)));
      });
      return flow.invoke(['a', 'b']);
    },
    tree: [
      'invoke_workflow essay',
      '  node essay',
      '    in essay',
      '  node spell',
      '    in spell',
      '  node spell',
      '    in spell',
    ],
  },
  {
    name: 'a branch, streamed',
    async run(lib) {
      const { RunnableBranch, RunnableLambda } = lib.runnables;
      const branch = RunnableBranch.from<string, string>([
        [async () => (await work('condition')) !== '', RunnableLambda.from<string, string>(async () => work('taken'))],
        RunnableLambda.from<string, string>(async () => work('not taken')),
      ]);
      return collect(await branch.stream('x', { runName: 'branch' }));
    },
    tree: ['branch', '  condition', '  taken'],
  },
  {
    name: 'fallbacks, streamed',
    async run(lib) {
      const { AIMessage } = lib.messages;
      const failing = scripted(lib, { streams: true, answers: [new Error('no')] });
      const model = failing.withFallbacks([scripted(lib, { streams: true, answers: [new AIMessage('a')] })]);
      const chunks = await collect(await model.stream('x', { runName: 'either' }));
      return chunks.map((one) => one.content);
    },
    tree: ['either', '  chat scripted', '  chat scripted', '    provider'],
  },
  {
    name: 'twelve requests at once keep their own trees',
    async run(lib) {
      const graph = flow(lib);
      const requests = Array.from({ length: 12 }, (_, n) =>
        within(`request ${String(n).padStart(2, '0')}`, () => graph.invoke({ steps: [] }, { runName: 'flow' })),
      );
      return Promise.all(requests);
    },
    tree: Array.from({ length: 12 }, (_, n) => [
      `request ${String(n).padStart(2, '0')}`,
      '  invoke_workflow flow',
      '    node start',
      '      in start',
      '      routing',
      '    node left',
      '      in left',
      '    node right',
      '      in right',
      '    node sub',
      '      node inner',
      '        in inner',
    ]).flat(),
  },
];

/** LangChain waits a second or two before it tries again. */
async function withoutDelays<T>(step: () => Promise<T>): Promise<T> {
  const { setTimeout } = globalThis;
  globalThis.setTimeout = ((callback: () => void) => setTimeout(callback, 0)) as typeof setTimeout;
  try {
    return await step();
  } finally {
    globalThis.setTimeout = setTimeout;
  }
}

async function* spell(text: string): AsyncGenerator<string> {
  for (const letter of text) {
    await work('letter');
    yield letter;
  }
}

/** start → left and right at once → sub, which is a graph. */
function flow({ langgraph }: Library) {
  const { Annotation, END, START, StateGraph } = langgraph;
  const State = Annotation.Root({
    steps: Annotation<string[]>({ reducer: (a, b) => [...a, ...b].toSorted(), default: () => [] }),
  });
  const sub = new StateGraph(State)
    .addNode('inner', async () => ({ steps: [await work('in inner')] }))
    .addEdge(START, 'inner')
    .addEdge('inner', END)
    .compile();
  return new StateGraph(State)
    .addNode('start', async () => ({ steps: [await work('in start')] }))
    .addNode('left', async () => ({ steps: [await work('in left')] }))
    .addNode('right', async () => ({ steps: [await work('in right')] }))
    .addNode('sub', sub)
    .addEdge(START, 'start')
    .addConditionalEdges(
      'start',
      () => {
        workNow('routing');
        return ['left', 'right'];
      },
      ['left', 'right'],
    )
    .addEdge('left', 'sub')
    .addEdge('right', 'sub')
    .addEdge('sub', END)
    .compile();
}
