import path from 'node:path';
import { packageFolder, runProgram } from '@throughline/testing';
import type { NodeVersion } from '@throughline/testing';
import { describe, expect, it } from 'vitest';

const here = path.join(import.meta.dirname, '..');
const testing = path.join(here, '..', 'testing');

const installed = (from: string): Record<string, string> => ({
  '@throughline/core': path.join(here, '..', 'core'),
  '@throughline/langchain': here,
  '@opentelemetry/api': packageFolder('@opentelemetry/api', here),
  '@opentelemetry/sdk-trace': packageFolder('@opentelemetry/sdk-trace', testing),
  '@opentelemetry/context-async-hooks': packageFolder('@opentelemetry/context-async-hooks', testing),
  '@langchain/core': packageFolder('@langchain/core', from),
  '@langchain/langgraph': packageFolder('@langchain/langgraph', from),
  zod: packageFolder('zod', from),
});

const files = {
  'setup.cjs': `
    const { SimpleSpanProcessor, TracerProvider } = require('@opentelemetry/sdk-trace');
    const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks');
    const { context, trace } = require('@opentelemetry/api');
    const { exporter } = require('./spans-to-fd3.cjs');
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    require('@throughline/core').instrumentAll();`,
  'setup.mjs': `import './setup.cjs';`,
  // A graph whose node calls a tool that calls a model.
  'program.cjs': `
    module.exports = async ({ fakes, langgraph, tools, zod }) => {
      const { Annotation, END, START, StateGraph } = langgraph;
      const model = new fakes.FakeListChatModel({ responses: ['yes'] });
      const ask = tools.tool(async (_, config) => (await model.invoke('sure?', config)).content, {
        name: 'ask', description: 'd', schema: zod.z.object({}),
      });
      const graph = new StateGraph(Annotation.Root({ answer: Annotation() }))
        .addNode('think', async (_, config) => ({ answer: await ask.invoke({}, config) }))
        .addEdge(START, 'think').addEdge('think', END).compile();
      const { answer } = await graph.invoke({}, { runName: 'flow' });
      if (answer !== 'yes') throw new Error('another answer: ' + answer);
    };`,
  'esm.mjs': `
    export * as fakes from '@langchain/core/utils/testing';
    export * as langgraph from '@langchain/langgraph';
    export * as tools from '@langchain/core/tools';
    export * as zod from 'zod';`,
  'libraries.cjs': `
    module.exports = {
      fakes: require('@langchain/core/utils/testing'),
      langgraph: require('@langchain/langgraph'),
      tools: require('@langchain/core/tools'),
      zod: require('zod'),
    };`,
};

const programs: readonly (readonly [string, string, string])[] = [
  [
    'ESM, the library before us',
    'main.mjs',
    `import * as lib from './esm.mjs'; import './setup.mjs'; import run from './program.cjs'; await run(lib);`,
  ],
  [
    'ESM, the library after us',
    'main.mjs',
    `import './setup.mjs'; const lib = await import('./esm.mjs'); await (await import('./program.cjs')).default(lib);`,
  ],
  [
    'CommonJS, the library before us',
    'main.cjs',
    `const lib = require('./libraries.cjs'); require('./setup.cjs'); require('./program.cjs')(lib);`,
  ],
  [
    'CommonJS, the library after us',
    'main.cjs',
    `require('./setup.cjs'); require('./program.cjs')(require('./libraries.cjs'));`,
  ],
];

const nodes: readonly NodeVersion[] = ['22.15.0', '26.10.0'];
const lines = ['1.4.0', '1.2.13', '0.3.80'] as const;

describe.each(nodes)('Node %s', (node) => {
  describe.each(lines)('@langchain/core %s', (line) => {
    const from = line === '1.4.0' ? here : path.join(import.meta.dirname, 'lines', line);
    it.each(programs)('%s: one tree', async (_, entry, main) => {
      const dependencies = installed(from);
      const { exitCode, stderr, spans } = await runProgram({
        node,
        entry,
        dependencies,
        files: { ...files, [entry]: main },
      });
      expect([exitCode, stderr]).toEqual([0, '']);
      expect(spans.map((span) => span.name)).toEqual([
        'chat',
        'execute_tool ask',
        'node think',
        'invoke_workflow flow',
      ]);
      const [chat, tool, think, flow] = spans;
      expect([chat, tool, think].map((span) => span?.parentSpanId)).toEqual(
        [tool, think, flow].map((span) => span?.spanId),
      );
    });
  });
});
