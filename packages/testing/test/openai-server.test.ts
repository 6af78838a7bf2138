import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import OpenAI4 from 'openai-v4';
import OpenAI5 from 'openai-v5';
import OpenAI6 from 'openai-v6';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { scenario, startOpenAIServer, type OpenAIServer } from '../src/openai-server.js';

/** The majors differ in types, not in what these tests use. */
const clients = { 4: OpenAI4, 5: OpenAI5, 6: OpenAI6, 7: OpenAI } as unknown as Record<string, typeof OpenAI>;

const model = 'gpt-4o-mini';
const messages = [{ role: 'user' as const, content: 'Where do cats sleep?' }];
const tool = {
  type: 'function' as const,
  function: { name: 'lookup', parameters: { type: 'object', properties: {} } },
};
const schema = {
  type: 'json_schema' as const,
  json_schema: {
    name: 'place',
    schema: {
      type: 'object',
      properties: { where: { type: 'string' }, sure: { type: 'boolean' } },
      required: ['where', 'sure'],
      additionalProperties: false,
    },
  },
};

let server: OpenAIServer;
beforeAll(async () => {
  server = await startOpenAIServer();
});
beforeEach(() => server.reset());
afterAll(() => server.close());

async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const chunks: T[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

describe.each(Object.keys(clients))('openai %s', (major) => {
  const Client = clients[major] ?? OpenAI;
  const connect = (options: object = {}) => new Client({ apiKey: 'test', baseURL: server.url, ...options });
  let client: OpenAI;
  beforeAll(() => {
    client = connect();
  });

  describe('chat', () => {
    it('echoes the question, counts tokens and answers with a request id', async () => {
      const completion = await client.chat.completions.create({ model, messages });
      expect(completion.choices[0]).toMatchObject({
        finish_reason: 'stop',
        message: { role: 'assistant', content: 'Echo: Where do cats sleep?' },
      });
      expect(completion.model).toBe('gpt-4o-mini-2024-07-18');
      expect(completion.usage).toMatchObject({ prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 });
      expect(completion).toHaveProperty('_request_id', server.exchanges[0]?.requestId);
      expect(server.usage).toEqual({ input: 5, output: 7, requests: 1 });
      expect(server.exchanges[0]).toMatchObject({
        endpoint: 'chat',
        path: '/v1/chat/completions',
        body: { messages },
        status: 200,
        written: 1,
        disconnected: false,
      });
    });

    it('streams, with usage when asked', async () => {
      server.next(scenario.text('On the sofa'), {
        ...scenario.text('On you'),
        ...scenario.usage({ input: 9, cached: 4 }),
      });
      const plain = await all(await client.chat.completions.create({ model, messages, stream: true }));
      expect(plain.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('On the sofa');
      expect(plain.at(-1)?.choices[0]?.finish_reason).toBe('stop');
      expect(plain.every((chunk) => chunk.usage === undefined)).toBe(true);

      const options = { model, messages, stream: true, stream_options: { include_usage: true } } as const;
      const counted = await all(await client.chat.completions.create(options));
      expect(counted.at(-1)).toMatchObject({
        choices: [],
        usage: { prompt_tokens: 9, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 4 } },
      });
      expect(server.usage).toEqual({ input: 14, output: 5, requests: 2 });
    });

    it('takes turns between choices', async () => {
      server.next(scenario.text('a b', 'c d'));
      const chunks = await all(await client.chat.completions.create({ model, messages, n: 2, stream: true }));
      expect(chunks.map((chunk) => chunk.choices[0]?.index)).toEqual([0, 1, 0, 1, 0, 1, 0, 1]);
    });

    it('calls tools, in parallel too', async () => {
      const calls = [
        { name: 'lookup', arguments: { word: 'cat' }, id: 'call_1' },
        { name: 'lookup', arguments: { word: 'sofa' }, id: 'call_2' },
      ];
      server.next(scenario.toolCalls(calls), scenario.toolCalls(calls, { together: true, ids: 'late', gaps: true }));
      const request = { model, messages, tools: [tool] };
      const plain = await client.chat.completions.create(request);
      expect(plain.choices[0]?.finish_reason).toBe('tool_calls');
      expect(plain.choices[0]?.message.tool_calls).toMatchObject([
        { id: 'call_1', type: 'function', function: { name: 'lookup', arguments: '{"word":"cat"}' } },
        { id: 'call_2', type: 'function', function: { name: 'lookup', arguments: '{"word":"sofa"}' } },
      ]);

      const chunks = await all(await client.chat.completions.create({ ...request, stream: true }));
      const deltas = chunks.flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? []);
      const second = deltas.filter((delta) => delta.index === 2);
      expect(second.map((delta) => delta.function?.arguments).join('')).toBe('{"word":"sofa"}');
      expect(second.map((delta) => delta.id)).toEqual([undefined, undefined, 'call_2']);
    });

    it('answers what parse() wants, and refuses', async () => {
      const chat = withHelpers(client);
      const ask = () => chat.parse({ model, messages, response_format: schema });
      expect((await ask()).choices[0]?.message.parsed).toEqual({ where: 'Echo: Where do cats sleep?', sure: true });
      server.next(scenario.refusal('I would rather not.'));
      expect((await ask()).choices[0]?.message).toMatchObject({ refusal: 'I would rather not.', content: null });
    });

    it('the stream helper assembles a streamed tool call and text', async () => {
      const chat = withHelpers(client);
      server.next(scenario.toolCalls([{ name: 'lookup', arguments: { word: 'cat' }, id: 'call_1' }]));
      const message = await chat.stream({ model, messages, tools: [tool] }).finalMessage();
      expect(message.tool_calls?.[0]).toMatchObject({ id: 'call_1', function: { arguments: '{"word":"cat"}' } });
      expect(await chat.stream({ model, messages }).finalContent()).toBe('Echo: Where do cats sleep?');
    });
  });

  describe('responses', () => {
    it('answers a text, its reasoning and a function call', async () => {
      server.next(scenario.text('On the sofa'), scenario.reasoning('Cats are lazy', 'On you', 10), {
        ...scenario.toolCalls([{ name: 'lookup', arguments: { word: 'cat' }, id: 'call_1' }]),
      });
      const plain = await client.responses.create({ model, input: 'Where?' });
      expect(plain).toMatchObject({ status: 'completed', output_text: 'On the sofa', usage: { output_tokens: 3 } });
      const thought = await client.responses.create({ model, input: 'Where?' });
      expect(thought.output.map((item) => item.type)).toEqual(['reasoning', 'message']);
      expect(thought.usage?.output_tokens_details.reasoning_tokens).toBe(10);
      const call = await client.responses.create({ model, input: 'Where?' });
      expect(call.output[0]).toMatchObject({ type: 'function_call', call_id: 'call_1', arguments: '{"word":"cat"}' });
    });

    it('streams events from created to completed, and plays them again', async () => {
      server.next(scenario.text('On the sofa'));
      const events = await all(await client.responses.create({ model, input: 'Where?', stream: true }));
      expect(events.map((event) => event.type)).toEqual([
        'response.created',
        'response.in_progress',
        'response.output_item.added',
        'response.content_part.added',
        'response.output_text.delta',
        'response.output_text.delta',
        'response.output_text.delta',
        'response.output_text.done',
        'response.content_part.done',
        'response.output_item.done',
        'response.completed',
      ]);
      const last = events.at(-1);
      const id = last?.type === 'response.completed' ? last.response.id : '';
      expect(await client.responses.retrieve(id)).toMatchObject({ id, status: 'completed' });
      const again = await all(await client.responses.retrieve(id, { stream: true }));
      expect(again).toEqual(events);
      await client.responses.cancel(id);
      expect(await client.responses.retrieve(id)).toMatchObject({ status: 'cancelled' });
      expect(server.usage.requests).toBe(1);
    });

    it('ends incomplete, failed, or with an error event', async () => {
      server.next(
        scenario.incomplete('length'),
        scenario.failed(),
        scenario.failed('rate_limit_exceeded', 'Slow down'),
      );
      expect(await client.responses.create({ model, input: 'Where?' })).toMatchObject({
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
      });
      expect(await client.responses.create({ model, input: 'Where?' })).toMatchObject({ status: 'failed' });
      const failed = await all(await client.responses.create({ model, input: 'Where?', stream: true }));
      expect(failed.at(-1)).toMatchObject({
        type: 'response.failed',
        response: { error: { code: 'rate_limit_exceeded' } },
      });
      server.next(scenario.sseError(3));
      const request = client.responses.create({ model, input: 'Where?', stream: true });
      // Majors 5 and 6 hand the event out.
      if (major === '4' || major === '7') await expect(request.then(all)).rejects.toThrow();
      else expect((await request.then(all)).at(-1)?.type).toBe('error');
    });

    it('answers what parse() wants', async () => {
      const format = { type: 'json_schema' as const, name: 'place', schema: schema.json_schema.schema };
      const parsed = await client.responses.parse({ model, input: 'Where?', text: { format } });
      expect(parsed.output_parsed).toEqual({ where: 'Echo: Where?', sure: true });
    });
  });

  it('embeds: texts that share words are close', async () => {
    const input = ['Cats sleep on the sofa', 'Where does a cat sleep?', 'Prices rose in March'];
    const near = await client.embeddings.create({ model: 'text-embedding-3-small', input });
    const floats = await client.embeddings.create({
      model: 'text-embedding-3-small',
      input,
      encoding_format: 'float',
      dimensions: 64,
    });
    const [cats = [], cat = [], prices = []] = near.data.map((one) => one.embedding);
    expect(cats).toHaveLength(1536);
    expect(floats.data[0]?.embedding).toHaveLength(64);
    expect(dot(cats, cats)).toBeCloseTo(1, 4);
    expect(dot(cats, cat)).toBeGreaterThan(0.5);
    expect(dot(cats, prices)).toBeLessThan(0.2);
    expect(near.usage).toEqual({ prompt_tokens: 15, total_tokens: 15 });
  });

  it('completes a prompt, lists models, pages through files, transcribes', async () => {
    const completion = await client.completions.create({ model: 'gpt-3.5-turbo-instruct', prompt: 'Once' });
    expect(completion.choices[0]?.text).toBe('Echo: Once');
    const pieces = await all(await client.completions.create({ model: 'any', prompt: 'Once', stream: true }));
    expect(pieces.map((piece) => piece.choices[0]?.text).join('')).toBe('Echo: Once');
    expect((await all(client.models.list())).map(({ id }) => id)).toContain('gpt-4o-mini');
    expect(await all(client.files.list({ limit: 2 }))).toHaveLength(5);
    expect(server.exchanges.filter(({ endpoint }) => endpoint === 'files')).toHaveLength(3);
    const recording = new File(['RIFF'], 'cat.wav', { type: 'audio/wav' });
    const spoken = await client.audio.transcriptions.create({ model: 'whisper-1', file: recording });
    expect(spoken.text).toBe('The words of the recording.');
  });

  describe('faults', () => {
    it('429, then 200', async () => {
      server.next(scenario.rateLimitedThen(scenario.text('At last')));
      const completion = await client.chat.completions.create({ model, messages });
      expect(completion.choices[0]?.message.content).toBe('At last');
      expect(server.exchanges.map(({ status }) => status)).toEqual([429, 200]);
      expect(server.usage.requests).toBe(1);
    });

    it.each([400, 401, 404, 429, 500])('%i', async (code) => {
      server.next(scenario.status(code, { message: 'SECRETIN was wrong' }));
      const failing = connect({ maxRetries: 0 }).chat.completions.create({ model, messages, stream: true });
      await expect(failing).rejects.toMatchObject({ status: code, message: expect.stringContaining('SECRETIN') });
    });

    it('a fault for another endpoint waits for it', async () => {
      server.next(scenario.on('embeddings', scenario.status(400)));
      await client.chat.completions.create({ model, messages });
      await expect(client.embeddings.create({ model, input: 'x' })).rejects.toMatchObject({ status: 400 });
    });

    it.each([
      ['cut', scenario.cut(3), 3],
      ['malformed', scenario.malformedChunk(2), 2],
      ['an error event', scenario.sseError(2), 2],
    ])('a stream, %s', async (_, fault, expected) => {
      server.next({ ...scenario.text('one two three four'), ...fault });
      const seen: unknown[] = [];
      const quiet = connect({ logLevel: 'off' });
      const read = async () => {
        for await (const chunk of await quiet.chat.completions.create({ model, messages, stream: true }))
          seen.push(chunk);
      };
      await expect(silenced(read)).rejects.toThrow();
      expect(seen).toHaveLength(expected);
      const exchange = await server.exchange(0);
      await exchange.closed;
      expect(exchange.disconnected).toBe(false);
    });

    it('a body, cut; a connection, hung up', async () => {
      server.next(scenario.cut(1), scenario.hangUp());
      const once = connect({ maxRetries: 0 });
      await expect(once.chat.completions.create({ model, messages })).rejects.toThrow();
      await expect(once.chat.completions.create({ model, messages })).rejects.toThrow(/Connection error/);
    });

    it('silence ends by the time-out of the client', async () => {
      server.next(scenario.silent());
      const hasty = connect({ maxRetries: 0, timeout: 50 });
      await expect(hasty.chat.completions.create({ model, messages })).rejects.toThrow(/timed out/);
      const exchange = await server.exchange(0);
      await exchange.closed;
      expect(exchange.disconnected).toBe(true);
    });

    it('headers without a body', async () => {
      server.next(scenario.headersOnly());
      const controller = new AbortController();
      const pending = client.chat.completions.create({ model, messages }, { signal: controller.signal });
      const response = await pending.asResponse();
      expect(response.status).toBe(200);
      controller.abort();
      await (
        await server.exchange(0)
      ).closed;
      expect(server.exchanges[0]).toMatchObject({ written: 0, disconnected: true });
    });

    it('a stream left early stops the server', async () => {
      const gate = server.gate();
      const stream = await client.chat.completions.create({ model, messages, stream: true });
      await gate.release(2);
      let seen = 0;
      for await (const _ of stream) if ((seen += 1) === 2) break;
      const exchange = await server.exchange(0);
      await exchange.closed;
      expect(exchange).toMatchObject({ written: 2, disconnected: true });
      expect(exchange.chunks).toBeGreaterThan(2);
    });

    it('a stream stalled, until its caller aborts', async () => {
      server.next({ ...scenario.text('one two three'), ...scenario.stall(2) });
      const stream = await client.chat.completions.create({ model, messages, stream: true });
      let seen = 0;
      for await (const _ of stream) if ((seen += 1) === 2) stream.controller.abort();
      expect(seen).toBe(2);
      await (
        await server.exchange(0)
      ).closed;
      expect(server.exchanges[0]?.disconnected).toBe(true);
    });

    it('chunks without choices and without delta', async () => {
      server.next({ ...scenario.text('fine'), ...scenario.emptyChoices(), ...scenario.deltaNull() });
      const chunks = await all(await client.chat.completions.create({ model, messages, stream: true }));
      expect(chunks[0]?.choices).toEqual([]);
      expect(chunks[2]?.choices[0]?.delta).toBeNull();
      expect(chunks.map((chunk) => chunk.choices[0]?.delta?.content ?? '').join('')).toBe('fine');
    });
  });
});

describe('a schema written with zod', () => {
  it('gets an answer that passes it', async () => {
    const steps = z.object({
      steps: z.array(z.object({ text: z.string(), done: z.boolean() })),
      level: z.enum(['low', 'high']),
    });
    const client = new OpenAI({ apiKey: 'test', baseURL: server.url });
    const format = zodResponseFormat(steps, 'steps');
    const completion = await client.chat.completions.parse({ model, messages, response_format: format });
    const step = { text: 'Echo: Where do cats sleep?', done: true };
    expect(completion.choices[0]?.message.parsed).toEqual({ steps: [step], level: 'low' });
  });
});

describe('a slow reader', () => {
  it('keeps the server from writing the rest', async () => {
    const count = 2000;
    server.next(scenario.pieces(...Array.from({ length: count }, () => 'x'.repeat(10_000))));
    const client = new OpenAI({ apiKey: 'test', baseURL: server.url });
    const stream = await client.chat.completions.create({ model, messages, stream: true });
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    const exchange = await server.exchange(0);
    expect(exchange.written).toBeLessThan(count);
    await iterator.return?.();
    await exchange.closed;
    expect(exchange).toMatchObject({ disconnected: true });
    expect(exchange.written).toBeLessThan(count);
  });
});

describe('who decides the answer', () => {
  it('the queue, then respond, then the echo', async () => {
    const other = await startOpenAIServer({
      respond: ({ body }) => (body['model'] === 'known' ? scenario.text('From respond') : undefined),
    });
    const client = new OpenAI({ apiKey: 'test', baseURL: other.url });
    const ask = async (name: string) =>
      (await client.chat.completions.create({ model: name, messages })).choices[0]?.message.content;
    other.next(scenario.text('From the queue'));
    expect(await ask('known')).toBe('From the queue');
    expect(await ask('known')).toBe('From respond');
    expect(await ask('else')).toBe('Echo: Where do cats sleep?');
    await other.close();
    await expect(client.chat.completions.create({ model, messages }, { maxRetries: 0 })).rejects.toThrow(/Connection/);
  });
});

/** Major 4 has `parse` and `stream` under `beta`. */
function withHelpers(client: OpenAI): OpenAI['chat']['completions'] {
  const { chat } = client.beta as unknown as Partial<OpenAI>;
  return (chat ?? client.chat).completions;
}

function dot(one: readonly number[], other: readonly number[]): number {
  return one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
}

/** Major 4 prints chunks that it cannot parse. */
async function silenced(work: () => Promise<void>): Promise<void> {
  const { error } = console;
  console.error = () => {};
  try {
    await work();
  } finally {
    console.error = error;
  }
}
