import { scenario, startRecording } from '@throughline/testing';
import type { Script } from '@throughline/testing';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { OpenAI } from 'openai';
import { chatHelpers, majors } from './majors.js';
import { errorOf, read, run, runTraced, tell } from './run.js';
import type { Program } from './run.js';

const recorder = startRecording();
afterEach(() => {
  recorder.reset();
});
afterAll(() => recorder.stop());

const MODEL = 'gpt-4o';
const messages = [
  { role: 'user', content: 'Hello big world' },
] as const satisfies OpenAI.Chat.ChatCompletionMessageParam[];
const chat = { model: MODEL, messages: [...messages] };
const streamed = { ...chat, stream: true } as const;
const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'], additionalProperties: false };

const requestId = ({ _request_id: id }: { _request_id?: string | null }): unknown => id;

interface Scenario {
  /** Answers of the server; by default it echoes. */
  readonly scripts?: readonly Script[];
  readonly program: Program;
  /** `name status`, with `error.type` or `cancelled`, of each span; one chat that went well by default. */
  readonly spans?: readonly string[];
  /** The first major that it can be tried on. */
  readonly since?: number;
}

const OK = [`chat ${MODEL} UNSET`];
const CANCELLED = [`chat ${MODEL} UNSET cancelled`];
const failed = (type: string): readonly string[] => [`chat ${MODEL} ERROR ${type}`];

const scenarios: Record<string, Scenario> = {
  "a promise of a plain call is the client's own": {
    async program({ client }) {
      const promise = client.chat.completions.create(chat);
      const keys = Object.keys(promise);
      const answer = await promise;
      return [promise.constructor.name, promise instanceof Promise, keys, answer, Object.keys(answer)];
    },
  },
  "a promise of a streamed call is the client's own": {
    async program({ client }) {
      const promise = client.chat.completions.create(streamed);
      const keys = Object.keys(promise);
      const stream = await promise;
      const about = [stream.constructor.name, stream.controller.constructor.name, Reflect.ownKeys(stream).map(String)];
      return [promise.constructor.name, keys, about, await read(stream), stream.controller.signal.aborted];
    },
  },
  'withResponse() gives data, response and request id': {
    async program({ client }) {
      const { data, response, request_id: id } = await client.chat.completions.create(chat).withResponse();
      return [data, response.status, response.bodyUsed, id];
    },
  },
  'withResponse() of a stream': {
    async program({ client }) {
      const { data, response, request_id: id } = await client.chat.completions.create(streamed).withResponse();
      return [response.status, id, await read(data)];
    },
  },
  'asResponse() gives an unread body': {
    async program({ client }) {
      const response = await client.chat.completions.create(chat).asResponse();
      return [response.status, response.bodyUsed, await response.json()];
    },
  },
  'asResponse() of a stream': {
    async program({ client }) {
      const response = await client.chat.completions.create(streamed).asResponse();
      return [response.bodyUsed, await response.text()];
    },
  },
  'a promise awaited twice, and after withResponse(), reads the body once': {
    async program({ client }) {
      const promise = client.chat.completions.create(chat);
      const { data } = await promise.withResponse();
      const again = await promise;
      return [data === again, again === (await promise), requestId(again)];
    },
  },
  'then, catch and finally mixed with asResponse()': {
    async program({ client }) {
      const promise = client.chat.completions.create(chat);
      const seen: string[] = [];
      const [response, answer] = await Promise.all([
        promise.asResponse(),
        promise.then((value) => value.id),
        promise.finally(() => seen.push('finally')),
        promise.catch(() => seen.push('catch')),
      ]);
      return [response.status, answer, seen];
    },
  },
  'create(undefined) fails as without us': {
    async program({ client }) {
      const calls = [client.chat.completions, client.responses, client.embeddings, client.completions].map(
        (resource) => resource.create.bind(resource) as unknown as (body: undefined) => Promise<unknown>,
      );
      const seen: unknown[] = [];
      for (const call of calls) {
        try {
          const promise = call(undefined);
          seen.push(['rejects', await errorOf(promise)]);
        } catch (error) {
          seen.push(['throws', tell(error)]);
        }
      }
      return seen;
    },
    spans: [
      'chat ERROR TypeError',
      'chat ERROR TypeError',
      'embeddings ERROR TypeError',
      'text_completion ERROR TypeError',
    ],
  },
  'the rejected error is one object': {
    scripts: [scenario.status(400)],
    async program({ client }) {
      const promise = client.chat.completions.create(chat);
      const errors = await Promise.all([1, 2, 3].map(() => promise.then(undefined, (error: unknown) => error)));
      const [first] = errors as [Error & { headers: unknown }];
      return [errors.every((error) => error === first), tell(first), typeof first.headers, Object.keys(first)];
    },
    spans: failed('400'),
  },
  'withResponse() and asResponse() of a failing call': {
    scripts: [scenario.status(404), scenario.status(404)],
    async program({ client }) {
      return [
        await errorOf(client.chat.completions.create(chat).withResponse()),
        await errorOf(client.chat.completions.create(chat).asResponse()),
      ];
    },
    spans: [...failed('404'), ...failed('404')],
  },
  'a bound method, a subclass': {
    async program({ api, client, server }) {
      const bound = client.chat.completions.create.bind(client.chat.completions);
      class Mine extends api.OpenAI {
        readonly mine = 'mine';
      }
      const mine = new Mine({ apiKey: 'k', baseURL: server.url });
      const answers = [await bound(chat), await mine.chat.completions.create(chat)];
      return [answers, mine.mine, mine instanceof api.OpenAI, new URL(mine.buildURL('/models', {})).pathname];
    },
    spans: [...OK, ...OK],
  },
  'withOptions()': {
    since: 5,
    program: ({ client }) => client.withOptions({ timeout: 9000 }).chat.completions.create(chat),
  },
  'an AzureOpenAI client': {
    async program({ api, server }) {
      const client = new api.AzureOpenAI({
        apiKey: 'k',
        apiVersion: '2024-10-01',
        deployment: 'my-deployment',
        baseURL: server.url,
      });
      return client.chat.completions.create(chat);
    },
    spans: ['chat my-deployment UNSET'],
  },
  'a break leaves the stream and cancels the request': {
    scripts: [scenario.stall(3)],
    async program({ client, server }) {
      const stream = await client.chat.completions.create(streamed);
      const chunks: unknown[] = [];
      for await (const chunk of stream) {
        chunks.push(chunk);
        if (chunks.length === 2) break;
      }
      const exchange = await server.exchange(0);
      await exchange.closed;
      return [chunks, stream.controller.signal.aborted, exchange.disconnected];
    },
    spans: CANCELLED,
  },
  'an error thrown in the loop leaves the stream': {
    scripts: [scenario.stall(3)],
    async program({ client, server }) {
      const stream = await client.chat.completions.create(streamed);
      const error = await errorOf(
        (async () => {
          for await (const chunk of stream) throw new Error(`mine ${chunk.id}`);
        })(),
      );
      await (
        await server.exchange(0)
      ).closed;
      return error;
    },
    spans: CANCELLED,
  },
  'next() and return() by hand': {
    scripts: [scenario.stall(3)],
    async program({ client }) {
      const stream = await client.chat.completions.create(streamed);
      const iterator = stream[Symbol.asyncIterator]();
      const seen = [await iterator.next(), await iterator.return?.('left'), await iterator.next()];
      return [seen, Object.prototype.toString.call(iterator), iterator === iterator[Symbol.asyncIterator as never]];
    },
    spans: CANCELLED,
  },
  'return() before any next()': {
    scripts: [scenario.stall(3)],
    async program({ client }) {
      const stream = await client.chat.completions.create(streamed);
      const iterator = stream[Symbol.asyncIterator]();
      return [await iterator.return?.(), await iterator.next()];
    },
    spans: CANCELLED,
  },
  'an abort before the first chunk': {
    // 4 never comes back from such a stream, with and without us.
    since: 5,
    scripts: [scenario.stall(0)],
    async program({ client }) {
      const stream = await client.chat.completions.create(streamed);
      stream.controller.abort();
      return errorOf(read(stream));
    },
    spans: CANCELLED,
  },
  'an abort in the middle': {
    scripts: [scenario.stall(3)],
    async program({ client }) {
      const stream = await client.chat.completions.create(streamed);
      const chunks: unknown[] = [];
      const end = await errorOf(
        (async () => {
          for await (const chunk of stream) {
            chunks.push(chunk);
            if (chunks.length === 3) stream.controller.abort();
          }
        })(),
      );
      return [chunks, end];
    },
    spans: CANCELLED,
  },
  'an abort after the end': {
    async program({ client }) {
      const stream = await client.chat.completions.create(streamed);
      const chunks = await read(stream);
      stream.controller.abort();
      return chunks;
    },
  },
  "the caller's signal, aborted before the headers": {
    scripts: [scenario.silent()],
    async program({ client, server }) {
      const controller = new AbortController();
      const promise = client.chat.completions.create(chat, { signal: controller.signal });
      const error = errorOf(promise);
      await server.exchange(0);
      controller.abort();
      return error;
    },
    spans: CANCELLED,
  },
  "the caller's signal, aborted in the middle of a stream": {
    scripts: [scenario.stall(2)],
    async program({ client }) {
      const controller = new AbortController();
      const stream = await client.chat.completions.create(streamed, { signal: controller.signal });
      const chunks: unknown[] = [];
      const end = await errorOf(
        (async () => {
          for await (const chunk of stream) {
            chunks.push(chunk);
            if (chunks.length === 2) controller.abort();
          }
        })(),
      );
      return [chunks, end];
    },
    spans: CANCELLED,
  },
  'both halves of tee() are whole': {
    async program({ client }) {
      const stream = await client.chat.completions.create(streamed);
      const [left, right] = stream.tee();
      const [a, b] = [await read(left), await read(right)];
      return [a, b, a.every((chunk, index) => b[index] !== undefined && chunk.id === b[index]?.id)];
    },
  },
  'one half of tee() is left early, the other is whole': {
    async program({ client }) {
      const [left, right] = (await client.chat.completions.create(streamed)).tee();
      for await (const chunk of left) if (chunk.id) break;
      return read(right);
    },
  },
  'toReadableStream() read to its end': {
    async program({ client }) {
      const readable = (await client.chat.completions.create(streamed)).toReadableStream();
      const texts: string[] = [];
      for await (const part of readable as unknown as AsyncIterable<Uint8Array>)
        texts.push(Buffer.from(part).toString());
      return texts;
    },
  },
  'toReadableStream() cancelled': {
    scripts: [scenario.stall(3)],
    async program({ client }) {
      const reader = (await client.chat.completions.create(streamed)).toReadableStream().getReader();
      const { value } = (await reader.read()) as { value?: Uint8Array };
      await reader.cancel();
      return Buffer.from(value ?? []).toString();
    },
    spans: CANCELLED,
  },
  'a second iteration fails': {
    async program({ client }) {
      const stream = await client.chat.completions.create(streamed);
      await read(stream);
      return errorOf(read(stream));
    },
  },
  'a stream whose socket is cut': {
    scripts: [scenario.cut(2)],
    program: async ({ client }) =>
      ((await errorOf(read(await client.chat.completions.create(streamed)))) as { class: string }).class,
    spans: [],
  },
  'an error as an event of the stream': {
    scripts: [scenario.sseError(2)],
    program: async ({ client }) => errorOf(read(await client.chat.completions.create(streamed))),
    spans: [],
  },
  'a chunk that is no JSON': {
    scripts: [scenario.malformedChunk(2)],
    program: async ({ client }) => errorOf(read(await client.chat.completions.create(streamed))),
    spans: failed('SyntaxError'),
  },
  'an answer that is no JSON': {
    scripts: [scenario.malformedChunk()],
    program: ({ client }) => errorOf(client.chat.completions.create(chat)),
    spans: failed('SyntaxError'),
  },
  'a stream refused with 401 rejects at create()': {
    scripts: [scenario.status(401)],
    program: ({ client }) => errorOf(client.chat.completions.create(streamed)),
    spans: failed('401'),
  },
  'nobody answers': {
    scripts: [scenario.hangUp()],
    program: ({ client }) => errorOf(client.chat.completions.create(chat)),
    spans: failed('APIConnectionError'),
  },
  'a time-out': {
    scripts: [scenario.silent()],
    program: ({ client }) => errorOf(client.chat.completions.create(chat, { timeout: 300 })),
    spans: failed('APIConnectionTimeoutError'),
  },
  '429 and then an answer': {
    scripts: scenario.rateLimitedThen(scenario.text('at last'), 2),
    program: ({ client }) => client.chat.completions.create(chat, { maxRetries: 2 }),
  },
  'streamed deltas of every kind': {
    scripts: [
      { ...scenario.text('one', 'two'), ...scenario.emptyChoices(), ...scenario.deltaNull() },
      scenario.toolCalls([{ name: 'f', arguments: { a: 1 } }, { name: 'g' }], { together: true, ids: 'repeated' }),
      scenario.toolCalls([{ name: 'f' }, { name: 'g' }], { ids: 'late', gaps: true }),
      scenario.refusal('I will not'),
      scenario.reasoning('because', 'so'),
    ],
    async program({ client }) {
      const seen: unknown[] = [];
      for (let call = 0; call < 5; call += 1) seen.push(await read(await client.chat.completions.create(streamed)));
      return seen;
    },
    spans: [...OK, ...OK, ...OK, ...OK, ...OK],
  },
  'parse() of chat': {
    async program({ client }) {
      const completion = await chatHelpers(client).parse({
        ...chat,
        response_format: { type: 'json_schema', json_schema: { name: 'x', schema, strict: true } },
      });
      return [completion, completion.choices[0]?.message.parsed, requestId(completion)];
    },
  },
  'parse() of a chat that was cut off throws': {
    scripts: [scenario.incomplete('length', '{"a":')],
    program: ({ client }) =>
      errorOf(
        chatHelpers(client).parse({
          ...chat,
          response_format: { type: 'json_schema', json_schema: { name: 'x', schema, strict: true } },
        }),
      ),
  },
  'withResponse() of parse()': {
    async program({ client }) {
      const promise = chatHelpers(client).parse({ ...chat, response_format: { type: 'text' } });
      const { data, request_id: id } = await promise.withResponse();
      return [promise.constructor.name, data, id];
    },
  },
  'parse() of a response': {
    async program({ client }) {
      const response = await client.responses.parse({
        model: MODEL,
        input: 'Hello',
        text: { format: { type: 'json_schema', name: 'x', schema, strict: true } },
      });
      return [response, response.output_parsed];
    },
  },
  'an unread body of parse() that fails': {
    scripts: [scenario.status(400), scenario.malformedChunk()],
    async program({ client }) {
      return [await errorOf(chatHelpers(client).parse(chat)), await errorOf(chatHelpers(client).parse(chat))];
    },
    spans: [...failed('400'), ...failed('SyntaxError')],
  },
  'stream() with its events': {
    async program({ client }) {
      const seen: unknown[] = [];
      const stream = chatHelpers(client).stream(chat);
      stream.on('content', (delta: string) => seen.push(delta));
      stream.on('chunk', (chunk: unknown) => seen.push(chunk));
      const last = await stream.finalMessage();
      await stream.done();
      return [seen, last, await stream.finalChatCompletion()];
    },
  },
  'stream() aborted': {
    scripts: [scenario.stall(3)],
    async program({ client }) {
      const stream = chatHelpers(client).stream(chat);
      let count = 0;
      stream.on('chunk', () => {
        count += 1;
        if (count === 2) stream.abort();
      });
      return errorOf(stream.done());
    },
    spans: CANCELLED,
  },
  'stream() of responses': {
    async program({ client }) {
      const seen: unknown[] = [];
      const stream = client.responses.stream({ model: MODEL, input: 'Hello' });
      stream.on('response.output_text.delta', (event) => seen.push(event));
      return [seen, await stream.finalResponse()];
    },
  },
  'runTools() runs tools, in turns': {
    scripts: [
      scenario.toolCalls([
        { name: 'add', arguments: { a: 1 } },
        { name: 'fetch', arguments: '{}' },
      ]),
      scenario.text('three'),
    ],
    async program({ client }) {
      const seen: unknown[] = [];
      const description = {
        name: 'add',
        description: 'adds',
        parameters: {},
        parse: JSON.parse,
        state: 'mine',
        function(this: { state: string }, args: { a: number }, ...rest: unknown[]) {
          seen.push([this.state, args, rest.length]);
          return args.a + 2;
        },
      };
      const runner = chatHelpers(client).runTools({
        ...chat,
        tools: [
          { type: 'function', function: description as never },
          {
            type: 'function',
            function: {
              function: async function fetch() {
                return 'fetched';
              },
              parameters: {},
              description: '',
            },
          },
        ],
      });
      runner.on('functionToolCallResult', (content) => seen.push(content));
      return [await runner.finalContent(), runner.messages, seen];
    },
    spans: [...OK, ...OK, 'execute_tool add UNSET', 'execute_tool fetch UNSET'],
  },
  'runTools() with a tool that fails': {
    scripts: [scenario.toolCalls([{ name: 'add' }])],
    async program({ client }) {
      const runner = chatHelpers(client).runTools({
        ...chat,
        tools: [
          {
            type: 'function',
            function: {
              name: 'add',
              description: '',
              parameters: {},
              function() {
                throw new RangeError('too much');
              },
            },
          },
        ],
      });
      return errorOf(runner.done());
    },
    spans: [...OK, 'execute_tool add ERROR RangeError'],
  },
  'a response': {
    async program({ client }) {
      const response = await client.responses.create({ model: MODEL, input: 'Hello' });
      return [response, response.output_text];
    },
  },
  'a streamed response': {
    program: async ({ client }) => read(await client.responses.create({ model: MODEL, input: 'Hello', stream: true })),
  },
  'a response that failed': {
    scripts: [scenario.failed(), scenario.failed()],
    async program({ client }) {
      const stream = await client.responses.create({ model: MODEL, input: 'Hello', stream: true });
      return [await client.responses.create({ model: MODEL, input: 'Hello' }), await read(stream)];
    },
    spans: [...failed('server_error'), ...failed('server_error')],
  },
  'a streamed response that breaks off with an error event': {
    scripts: [scenario.sseError(3)],
    program: async ({ client }) =>
      errorOf(read(await client.responses.create({ model: MODEL, input: 'Hello', stream: true }))),
    spans: [],
  },
  'a response in the background, fetched and streamed later': {
    async program({ client }) {
      const queued = await client.responses.create({ model: MODEL, input: 'Hello', background: true });
      const fetched = await client.responses.retrieve(queued.id);
      return [queued, fetched, await read(await client.responses.retrieve(queued.id, { stream: true }))];
    },
    spans: [...OK, 'fetch_response UNSET', 'fetch_response UNSET'],
  },
  'a response that is not there': {
    program: ({ client }) => errorOf(client.responses.retrieve('resp_none')),
    spans: ['fetch_response ERROR 404'],
  },
  'embeddings are decoded': {
    async program({ client }) {
      const input = ['one', 'two'];
      const answers = [
        await client.embeddings.create({ model: 'e', input, dimensions: 4 }),
        await client.embeddings.create({ model: 'e', input, dimensions: 4, encoding_format: 'float' }),
        await client.embeddings.create({ model: 'e', input, dimensions: 4, encoding_format: 'base64' }),
      ];
      return answers;
    },
    spans: ['embeddings e UNSET', 'embeddings e UNSET', 'embeddings e UNSET'],
  },
  'the old completions': {
    async program({ client }) {
      const plain = await client.completions.create({ model: 'instruct', prompt: 'Hello' });
      return [plain, await read(await client.completions.create({ model: 'instruct', prompt: 'Hello', stream: true }))];
    },
    spans: ['text_completion instruct UNSET', 'text_completion instruct UNSET'],
  },
  'parameters that JSON cannot hold': {
    async program({ client }) {
      const circular: Record<string, unknown> = {};
      circular['self'] = circular;
      const odd: unknown[] = [
        { ...chat, metadata: circular },
        { ...chat, seed: 1n },
        { ...chat, user: Buffer.from('bytes') },
        Object.defineProperty({ ...chat }, 'temperature', {
          enumerable: true,
          get() {
            throw new Error('unreadable');
          },
        }),
      ];
      const seen: unknown[] = [];
      for (const body of odd) {
        try {
          seen.push(await errorOf(client.chat.completions.create(body as typeof chat)));
        } catch (error) {
          seen.push(tell(error));
        }
      }
      return seen;
    },
    spans: [...failed('TypeError'), ...failed('TypeError'), ...OK, ...failed('Error')],
  },
  'parameters that are frozen': {
    program: ({ client }) =>
      client.chat.completions.create(Object.freeze({ ...chat, messages: Object.freeze([...messages]) as never })),
  },
};

describe.each(majors)('%s', (major, api) => {
  const fitting = Object.entries(scenarios).filter(([, { since = 4 }]) => Number(major.at(-1)) >= since);

  it.each(fitting)('%s', async (_title, { scripts = [], program, spans = OK }) => {
    const without = await run(api, scripts, program);
    const traced = await runTraced(api, scripts, program);
    expect(traced).toEqual(without);
    expect(recorder.open()).toBe(0);
    const told = recorder.spans().map(({ name, status, attributes }) => {
      // What is a SyntaxError elsewhere, 4's node-fetch calls a FetchError.
      const error = String(attributes['error.type'] ?? '').replace('FetchError', 'SyntaxError');
      const end = attributes['throughline.cancelled'] === true ? 'cancelled' : error;
      return [name, status, end].filter((word) => word !== '').join(' ');
    });
    if (spans.length > 0) expect(told.toSorted()).toEqual(spans.toSorted());
    else expect(told).toEqual([expect.stringContaining(`chat ${MODEL} ERROR `)]);
  });
});
