import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { context, trace } from '@opentelemetry/api';
import { scenario, startOpenAIServer, startRecording } from '@throughline/testing';
import type { OpenAIServer, Recorder } from '@throughline/testing';
import type { OpenAI } from 'openai';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openai } from '../src/index.js';
import { chatHelpers, majors } from './majors.js';
import type { Major } from './majors.js';
import { read } from './run.js';

const chat = {
  model: 'gpt-4o',
  messages: [{ role: 'user', content: 'Hello big world' }],
} satisfies OpenAI.Chat.ChatCompletionCreateParams;
const streamed = { ...chat, stream: true } as const;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

let server: OpenAIServer;
beforeAll(async () => {
  server = await startOpenAIServer();
});
afterEach(() => {
  server.reset();
});
afterAll(() => server.close());

const clientOf = (api: Major): OpenAI =>
  new api.OpenAI({ apiKey: 'k', baseURL: server.url, maxRetries: 0, logLevel: 'off' });

describe.each(majors)('%s', (_, api) => {
  const adapter = openai();
  let recorder: Recorder;
  let client: OpenAI;
  beforeEach(() => {
    recorder = startRecording();
    adapter.instrument(api);
    client = clientOf(api);
  });
  afterEach(async () => {
    adapter.disable();
    await recorder.stop();
  });

  it.each([false, true])(
    'a failing call that nobody awaits is one unhandled rejection (stream: %s)',
    async (stream) => {
      server.next(scenario.status(400));
      const rejections = await unhandled(async () => {
        void client.chat.completions.create({ ...chat, stream });
        await recorder.ended(1);
      });
      expect(rejections).toEqual([expect.objectContaining({ status: 400 })]);
      expect(recorder.spans()).toHaveLength(1);
    },
  );

  it('a failing call that is handled is none, whichever promise is', async () => {
    server.next(scenario.status(400), scenario.status(400), scenario.status(400));
    const rejections = await unhandled(async () => {
      const handled = [
        client.chat.completions.create(chat).catch(() => {}),
        client.chat.completions
          .create(chat)
          .asResponse()
          .catch(() => {}),
        chatHelpers(client)
          .parse(chat)
          .withResponse()
          .catch(() => {}),
      ];
      await Promise.all(handled);
    });
    expect(rejections).toEqual([]);
    await recorder.ended(3);
  });

  it('a stream that fails in the middle is no unhandled rejection', async () => {
    server.next(scenario.cut(2));
    const rejections = await unhandled(async () => {
      const [left, right] = (await client.chat.completions.create(streamed)).tee();
      await Promise.allSettled([read(left), read(right)]);
    });
    expect(rejections).toEqual([]);
    expect(await recorder.ended(1)).toMatchObject([{ status: 'ERROR' }]);
  });

  it('a stream, dropped unread', async () => {
    await drop(() => client.chat.completions.create(streamed));
    expect(await collected(recorder.ended(1))).toMatchObject([
      { status: 'UNSET', attributes: { 'throughline.cancelled': true } },
    ]);
  });

  it('a stream, dropped in the middle without leaving it', async () => {
    server.next(scenario.stall(3));
    await drop(async () => (await client.chat.completions.create(streamed))[Symbol.asyncIterator]().next());
    const [span] = await collected(recorder.ended(1));
    expect(span?.attributes['throughline.cancelled']).toBe(true);
  });

  it('an answer that nobody reads', async () => {
    await drop(async () => {
      void client.chat.completions.create(chat);
      await (
        await server.exchange(0)
      ).closed;
    });
    expect(await collected(recorder.ended(1))).toHaveLength(1);
  });

  it('a stream in use is kept by its iterator alone', async () => {
    const gate = server.gate();
    const chunks: unknown[] = [];
    const reading = (async () => {
      for await (const chunk of await client.chat.completions.create(streamed)) {
        chunks.push(chunk);
        collectGarbage();
        await turn();
        await gate.release(1);
      }
    })();
    await gate.waiting();
    collectGarbage();
    await gate.release(1);
    await reading;
    const [span] = await recorder.ended(1);
    expect(span?.attributes['throughline.cancelled']).toBeUndefined();
    expect(span?.attributes['gen_ai.response.finish_reasons']).toEqual(['stop']);
  });

  it.each(['then', 'parse', 'withResponse'] as const)(
    'an answer on its way is kept by who waits for it: %s',
    async (how) => {
      const gate = server.gate();
      const answer = drop(async () => {
        if (how === 'then') return client.chat.completions.create(chat).then(({ id }) => id);
        if (how === 'parse') return chatHelpers(client).parse(chat);
        return client.chat.completions.create(chat).withResponse();
      });
      await gate.waiting();
      for (let i = 0; i < 5; i += 1) {
        collectGarbage();
        await turn();
      }
      gate.open();
      await answer;
      const [span] = await recorder.ended(1);
      expect(span?.attributes['throughline.cancelled']).toBeUndefined();
      expect(span?.attributes['gen_ai.response.finish_reasons']).toEqual(['stop']);
    },
  );

  it('the loop body has the span of the program', async () => {
    const program = trace.getTracer('program').startSpan('program');
    await context.with(trace.setSpan(context.active(), program), async () => {
      for await (const chunk of await client.chat.completions.create(streamed)) {
        expect(trace.getActiveSpan()).toBe(program);
        if (chunk.choices[0]?.delta.content) trace.getTracer('program').startSpan('inside').end();
      }
    });
    program.end();
    expect(new Set(recorder.tree())).toEqual(new Set(['program', '  chat gpt-4o', '  inside']));
  });

  it('the request runs inside the span', async () => {
    let active: unknown;
    const seen = new api.OpenAI({
      apiKey: 'k',
      baseURL: server.url,
      fetch: async (...args: Parameters<typeof fetch>) => {
        active = trace.getActiveSpan()?.spanContext().spanId;
        return fetch(...args);
      },
    });
    await seen.chat.completions.create(chat);
    expect((await recorder.ended(1))[0]?.spanId).toBe(active);
  });

  it('a slow reader does not make us read ahead', async () => {
    server.next(scenario.pieces(...Array.from({ length: 60 }, () => 'x'.repeat(200_000))));
    const stream = await client.chat.completions.create(streamed);
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    const exchange = await server.exchange(0);
    for (let i = 0; i < 50; i += 1) await turn();
    expect(exchange.written).toBeLessThan(exchange.chunks);
    await iterator.return?.();
    await recorder.ended(1);
  });

  it('disable() puts the methods back, and a stream on its way is recorded to its end', async () => {
    const stream = await client.chat.completions.create(streamed);
    const patched = api.OpenAI.Chat.Completions.prototype.create;
    adapter.disable();
    const original = api.OpenAI.Chat.Completions.prototype.create;
    expect(original).not.toBe(patched);
    await read(stream);
    await client.chat.completions.create(chat);
    expect(await recorder.ended(1)).toHaveLength(1);
    adapter.instrument(api);
    expect(api.OpenAI.Chat.Completions.prototype.create).not.toBe(original);
    expect(api.OpenAI.Chat.Completions.prototype.create.name).toBe(original.name);
    expect(api.OpenAI.Chat.Completions.prototype.create).toHaveLength(original.length);
    adapter.disable();
    expect(api.OpenAI.Chat.Completions.prototype.create).toBe(original);
  });

  it('not recorded, promise and stream are untouched', async () => {
    await recorder.stop();
    recorder = startRecording({ sampler: never });
    const promise = client.chat.completions.create(streamed) as unknown as { parseResponse: { name: string } };
    const names = Object.getOwnPropertyNames(promise);
    const stream = (await (promise as unknown as Promise<AsyncIterable<unknown>>)) as AsyncIterable<unknown> & {
      iterator: { toString(): string };
    };
    expect(names).not.toContain('asResponse');
    expect(stream.iterator.toString()).toMatch(/^async (?:function\s?\*|\*)/);
    expect(await read(stream)).not.toHaveLength(0);
    expect(recorder.spans()).toEqual([]);
  });
});

const never = { shouldSample: () => ({ decision: 0 }), toString: () => 'never' };

it('a promise of a shape that is not known is handed back as it is, and its span ends', async () => {
  const recorder = startRecording();
  const adapter = openai();
  class Completions {
    create(): Promise<string> {
      return promise;
    }
  }
  const promise = Promise.resolve('answer');
  const [, { OpenAI }] = majors.at(-1) as (typeof majors)[number];
  adapter.instrument({ OpenAI: { ...OpenAI, Chat: { Completions } } });
  const other = new Completions();
  expect(other.create()).toBe(promise);
  expect(await recorder.ended(1)).toMatchObject([{ name: 'chat', status: 'UNSET' }]);
  adapter.disable();
  await recorder.stop();
});

/** The rejections that nobody handles while `program` runs. */
async function unhandled(program: () => Promise<void>): Promise<readonly unknown[]> {
  const rejections: unknown[] = [];
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', (error) => rejections.push(error));
  try {
    await program();
    for (let i = 0; i < 3; i += 1) await turn();
  } finally {
    process.removeAllListeners('unhandledRejection');
    for (const other of others) process.on('unhandledRejection', other);
  }
  return rejections;
}

/** Runs a program whose objects are garbage afterwards. */
async function drop(program: () => Promise<unknown>): Promise<void> {
  await program();
}

/** Collects garbage until `done` settles. */
async function collected<T>(done: Promise<T>): Promise<T> {
  const state = { settled: false };
  const waiting = done.finally(() => (state.settled = true));
  while (!state.settled) {
    collectGarbage();
    await turn();
  }
  return waiting;
}
