import { context } from '@opentelemetry/api';
import { claimModelCall, declareProvider } from '@throughline/core';
import { openai } from '@throughline/openai';
import { startOpenAIServer } from '@throughline/testing/openai-server';
import type { OpenAIServer } from '@throughline/testing/openai-server';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FinishedSpan } from '@throughline/testing';
import { collect, scripted, searchTool, USAGE } from './application.js';
import { LINES, load } from './library.js';
import type { Library } from './library.js';
import { traced } from './traced.js';

for (const line of LINES) {
  describe(`model calls of @langchain/core ${line}`, async () => {
    const lib = await load(line, 'esm');
    const test = traced(line, { metrics: true });

    it('a call that no client library records is a generation, with tokens and metrics', async () => {
      await test.trace();
      await scripted(lib).invoke('SECRET', { metadata: { thread_id: 'thread' } });
      const span = test.recorder.span('chat scripted');
      expect(span.kind).toBe(2);
      expect(span.attributes).toEqual({
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'scripted',
        'gen_ai.request.model': 'scripted',
        'gen_ai.request.temperature': 0,
        'gen_ai.request.max_tokens': 0,
        'gen_ai.conversation.id': 'thread',
        'gen_ai.response.model': 'scripted-1',
        'gen_ai.response.finish_reasons': ['stop'],
        'gen_ai.usage.input_tokens': 7,
        'gen_ai.usage.output_tokens': 3,
      });
      const metrics = await test.recorder.metrics();
      expect(metrics.find((one) => one.name === 'gen_ai.client.inference.usage.input_tokens')?.value).toBe(7);
      expect(metrics.find((one) => one.name === 'gen_ai.client.inference.duration')?.value).toBe(1);
    });

    it('a call that a client library claims has the span of the client library alone', async () => {
      await test.trace();
      const undo = declareProvider('scripted');
      try {
        await claiming(lib).invoke('x');
      } finally {
        undo();
      }
      expect(test.recorder.tree()).toEqual(['provider']);
      expect((await test.recorder.metrics()).map((one) => one.name)).toEqual([]);
    });

    it('a call offered to a client library that does not take it becomes a generation at its end', async () => {
      await test.trace();
      const undo = declareProvider('scripted');
      const model = scripted(lib, { cache: new lib.caches.InMemoryCache() });
      try {
        await model.invoke('x');
      } finally {
        undo();
      }
      const { attributes, duration } = test.recorder.span('chat scripted');
      expect(duration).toBeGreaterThan(0);
      expect(attributes).toMatchObject({
        'gen_ai.operation.name': 'chat',
        'gen_ai.usage.input_tokens': USAGE.input_tokens,
        'gen_ai.request.temperature': 0,
      });
      const counted = (await test.recorder.metrics()).find((one) => one.name.endsWith('usage.output_tokens'));
      expect(counted?.value).toBe(USAGE.output_tokens);
    });

    it('a client library of an unexpected provider claims the tokens all the same', async () => {
      await test.trace();
      await claiming(lib).invoke('x');
      const { attributes } = test.recorder.span('chat scripted');
      expect(Object.keys(attributes).filter((key) => key.startsWith('gen_ai.usage'))).toEqual([]);
      expect(await test.recorder.metrics()).toEqual([]);
    });

    it('modelSpans: structure, none and always', async () => {
      for (const [modelSpans, names] of [
        ['structure', ['provider', 'ChatScripted']],
        ['none', ['provider']],
        ['always', ['provider', 'chat scripted']],
      ] as const) {
        const adapter = await test.trace({ modelSpans });
        await claiming(lib).invoke('x');
        adapter.disable();
        expect(test.recorder.spans().map((span) => span.name)).toEqual(names);
        test.recorder.reset();
      }
    });

    it('content, when it is wanted: messages in the format of the conventions', async () => {
      const { AIMessage, HumanMessage, SystemMessage, ToolMessage } = lib.messages;
      const calls = [{ name: 'search', args: { query: 'x' }, id: 'call_1', type: 'tool_call' as const }];
      await test.trace({ captureContent: true });
      await scripted(lib).invoke([
        new SystemMessage('be brief'),
        new HumanMessage({
          content: [
            { type: 'text', text: 'look' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          ],
        }),
        new AIMessage({ content: '', tool_calls: calls }),
        new ToolMessage({ content: 'found', tool_call_id: 'call_1' }),
      ]);
      const { attributes } = test.recorder.span('chat scripted');
      expect(JSON.parse(String(attributes['gen_ai.input.messages']))).toEqual([
        { role: 'system', parts: [{ type: 'text', content: 'be brief' }] },
        {
          role: 'user',
          parts: [
            { type: 'text', content: 'look' },
            { type: 'image', bytes: 3 },
          ],
        },
        { role: 'assistant', parts: [{ type: 'tool_call', id: 'call_1', name: 'search', arguments: { query: 'x' } }] },
        { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', response: 'found' }] },
      ]);
      expect(JSON.parse(String(attributes['gen_ai.output.messages']))).toEqual([
        { role: 'assistant', parts: [{ type: 'text', content: 'a b c' }], finish_reason: 'stop' },
      ]);
    });
  });

  describe(`ChatOpenAI on @langchain/core ${line}, beside the openai adapter`, async () => {
    const lib = await load(line, 'esm');
    const test = traced(line);
    let server: OpenAIServer;
    let client: ReturnType<typeof openai>;
    beforeAll(async () => {
      server = await startOpenAIServer();
    });
    afterAll(() => server.close());
    beforeEach(async () => {
      server.reset();
      client = openai({
        from: new URL(line === '1.4.0' ? './models.test.ts' : `./lines/${line}/package.json`, import.meta.url).href,
      });
      client.enable();
      await client.ready;
      await test.trace();
    });
    afterEach(() => {
      client.disable();
    });
    const model = (options: object = {}): InstanceType<typeof lib.openai.ChatOpenAI> =>
      new lib.openai.ChatOpenAI({
        model: 'gpt-4o-mini',
        apiKey: 'SECRETKEY',
        maxRetries: 0,
        configuration: { baseURL: server.url },
        ...options,
      });

    it('a call has its tokens once, on the span of the client library', async () => {
      await model().invoke('hello');
      expect(test.recorder.tree()).toEqual(['chat gpt-4o-mini']);
      expect(tokens(test.recorder.spans())).toEqual(server.usage);
    });

    it('so does a streamed call', async () => {
      await collect(await model({ streamUsage: true }).stream('hello'));
      expect(test.recorder.tree()).toEqual(['chat gpt-4o-mini']);
      expect(tokens(test.recorder.spans())).toEqual(server.usage);
    });

    it('an agent: one costed span for each call of the model', async () => {
      server.next(
        { choices: [{ toolCalls: [{ name: 'search', arguments: { query: 'x' } }] }] },
        { choices: [{ text: 'done' }] },
      );
      const agent = lib.prebuilt.createReactAgent({ llm: model(), tools: [searchTool(lib)], name: 'researcher' });
      await agent.invoke({ messages: [new lib.messages.HumanMessage('x')] });
      expect(test.recorder.tree()).toEqual([
        'invoke_agent researcher',
        '  chat gpt-4o-mini',
        '  execute_tool search',
        '    in search',
        '  chat gpt-4o-mini',
      ]);
      expect(tokens(test.recorder.spans())).toEqual(server.usage);
      expect(server.usage.requests).toBe(2);
    });

    it('a failed call is one span without tokens', async () => {
      server.next({ status: 400 });
      await expect(model().invoke('hello')).rejects.toMatchObject({ status: 400 });
      const failures = test.recorder.spans().map((span) => [span.status, span.attributes['error.type']]);
      expect(failures).toEqual([['ERROR', '400']]);
      expect(test.recorder.open()).toBe(0);
    });
  });
}

function tokens(spans: readonly FinishedSpan[]): { input: number; output: number; requests: number } {
  const sum = (key: string): number => spans.reduce((total, span) => total + Number(span.attributes[key] ?? 0), 0);
  return {
    input: sum('gen_ai.usage.input_tokens'),
    output: sum('gen_ai.usage.output_tokens'),
    requests: spans.filter((span) => 'gen_ai.usage.input_tokens' in span.attributes).length,
  };
}

/** A model whose provider is called by a client library that records its calls. */
function claiming(lib: Library): ReturnType<typeof scripted> {
  const model = scripted(lib);
  const { call } = model.caller;
  model.caller.call = ((...args: Parameters<typeof call>) => {
    claimModelCall(context.active(), 'scripted');
    return Reflect.apply(call, model.caller, args) as unknown;
  }) as typeof call;
  return model;
}
