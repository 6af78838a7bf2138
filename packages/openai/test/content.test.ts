import { diag, DiagLogLevel } from '@opentelemetry/api';
import { scenario, startRecording } from '@throughline/testing';
import type { OpenAI } from 'openai';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { chatHelpers, majors } from './majors.js';
import { errorOf, read, run, runTraced } from './run.js';
import type { Program } from './run.js';

const recorder = startRecording({ metrics: true });
afterEach(() => {
  recorder.reset();
});
afterAll(() => recorder.stop());

const image = `data:image/png;base64,${'A'.repeat(4000)}SECRETIMG`;
const tool = {
  type: 'function',
  function: { name: 'weather', description: 'SECRETTOOL', parameters: { type: 'object', properties: {} } },
} as const;
const messages = [
  { role: 'system', content: 'SECRETSYS' },
  {
    role: 'user',
    name: 'SECRETNAME',
    content: [
      { type: 'text', text: 'SECRETIN' },
      { type: 'image_url', image_url: { url: image } },
      { type: 'image_url', image_url: { url: 'https://host/SECRETURL.png?sig=SECRETSIG' } },
      { type: 'input_audio', input_audio: { data: 'SECRETAUDIO0', format: 'wav' } },
      { type: 'file', file: { filename: 'SECRETFILE', file_data: 'SECRETFILEDATA' } },
    ],
  },
  {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"SECRETARG"}' } }],
  },
  { role: 'tool', tool_call_id: 'c1', content: 'SECRETRESULT' },
] as unknown as OpenAI.Chat.ChatCompletionMessageParam[];
const chat = {
  model: 'gpt-4o',
  messages,
  tools: [tool],
  user: 'SECRETUSER',
  metadata: { key: 'SECRETMETA' },
  store: true,
};
const response = {
  model: 'gpt-4o',
  instructions: 'SECRETSYS',
  metadata: { key: 'SECRETMETA' },
  tools: [
    { type: 'function', name: 'weather', description: 'SECRETTOOL', parameters: {}, strict: false },
    { type: 'web_search' },
  ],
  input: [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'SECRETIN' },
        { type: 'input_image', image_url: image, detail: 'auto' },
      ],
    },
    { type: 'reasoning', id: 'rs', summary: [{ type: 'summary_text', text: 'SECRETWHY' }] },
    { type: 'function_call', call_id: 'c1', name: 'weather', arguments: '{"city":"SECRETARG"}' },
    { type: 'function_call_output', call_id: 'c1', output: 'SECRETRESULT' },
    { type: 'web_search_call', id: 'ws', status: 'completed', action: { type: 'search', query: 'SECRETQUERY' } },
  ],
} as unknown as OpenAI.Responses.ResponseCreateParamsNonStreaming;

const answer = scenario.choices({
  reasoning: 'SECRETWHY',
  text: 'SECRETOUT',
  toolCalls: [{ name: 'weather', arguments: { city: 'SECRETARG' }, id: 'c2' }],
});

/** That answer in the words of the conventions. */
const answered = [
  {
    role: 'assistant',
    parts: [
      { type: 'reasoning', content: 'SECRETWHY' },
      { type: 'text', content: 'SECRETOUT' },
      { type: 'tool_call', id: 'c2', name: 'weather', arguments: { city: 'SECRETARG' } },
    ],
    finish_reason: 'tool_call',
  },
];

const everything: Program = async ({ client }) => {
  await client.chat.completions.create(chat);
  await read(await client.chat.completions.create({ ...chat, stream: true }));
  await client.responses.create(response);
  await read(await client.responses.create({ ...response, stream: true }));
  await errorOf(client.chat.completions.create(chat));
  await client.completions.create({ model: 'i', prompt: 'SECRETIN', user: 'SECRETUSER' });
  await client.embeddings.create({ model: 'e', input: 'SECRETIN', user: 'SECRETUSER' });
  const runner = chatHelpers(client).runTools({
    model: 'gpt-4o',
    messages: [{ role: 'user', content: 'SECRETIN' }],
    tools: [
      {
        type: 'function',
        function: { name: 'weather', description: 'it rains', parameters: {}, function: () => 'SECRETRESULT' },
      },
    ],
  });
  await runner.done();
};
const scripts = [
  answer,
  answer,
  answer,
  answer,
  scenario.status(400, { message: 'SECRETERR', param: 'SECRETPARAM' }),
  scenario.text('SECRETOUT'),
  scenario.toolCalls([{ name: 'weather', arguments: { city: 'SECRETARG' } }]),
  scenario.text('SECRETOUT'),
];

describe.each(majors)('%s', (_, api) => {
  it('by default nothing that the program or the model said is recorded or logged', async () => {
    const logged: unknown[] = [];
    const log = (...words: unknown[]): void => {
      logged.push(words.map(String));
    };
    diag.setLogger(
      { error: log, warn: log, info: log, debug: log, verbose: log },
      { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true },
    );
    await runTraced(api, scripts, everything);
    diag.disable();
    expect(recorder.spans()).toHaveLength(10);
    const recorded = JSON.stringify([recorder.spans(), await recorder.metrics(), logged]);
    expect(recorded.match(/.{0,80}(?:SECRET|sk-).{0,40}/g)).toBeNull();
  });

  it.each([false, true])('captured, a chat is in the words of the conventions (stream: %s)', async (stream) => {
    const program: Program = async ({ client }) =>
      stream
        ? read(await client.chat.completions.create({ ...chat, stream }))
        : client.chat.completions.create({ ...chat, stream });
    await runTraced(api, [answer], program, { captureContent: true });
    const [span] = recorder.spans();
    expect(contentOf(span?.attributes)).toEqual({
      'gen_ai.input.messages': [
        { role: 'system', parts: [{ type: 'text', content: 'SECRETSYS' }] },
        {
          role: 'user',
          name: 'SECRETNAME',
          parts: [
            { type: 'text', content: 'SECRETIN' },
            { type: 'blob', modality: 'image', mime_type: 'image/png', content: '3006 bytes' },
            { type: 'uri', modality: 'image', uri: 'https://host/SECRETURL.png?sig=REDACTED' },
            { type: 'blob', modality: 'audio', mime_type: 'audio/wav', content: '9 bytes' },
            { type: 'blob', modality: 'document', content: '10 bytes' },
          ],
        },
        {
          role: 'assistant',
          parts: [{ type: 'tool_call', id: 'c1', name: 'weather', arguments: { city: 'SECRETARG' } }],
        },
        { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c1', response: 'SECRETRESULT' }] },
      ],
      'gen_ai.output.messages': answered,
      'gen_ai.tool.definitions': [
        {
          type: 'function',
          name: 'weather',
          description: 'SECRETTOOL',
          parameters: { type: 'object', properties: {} },
        },
      ],
    });
    expect(JSON.stringify(span)).not.toMatch(/SECRETIMG|SECRETAUDIO|SECRETFILE|SECRETSIG|SECRETMETA|SECRETUSER/);
  });

  it.each([false, true])('captured, a response is in the words of the conventions (stream: %s)', async (stream) => {
    const program: Program = async ({ client }) =>
      stream
        ? read(await client.responses.create({ ...response, stream }))
        : client.responses.create({ ...response, stream });
    await runTraced(api, [answer], program, { captureContent: true });
    const [span] = recorder.spans();
    expect(contentOf(span?.attributes)).toEqual({
      'gen_ai.system_instructions': [{ type: 'text', content: 'SECRETSYS' }],
      'gen_ai.input.messages': [
        {
          role: 'user',
          parts: [
            { type: 'text', content: 'SECRETIN' },
            { type: 'blob', modality: 'image', mime_type: 'image/png', content: '3006 bytes' },
          ],
        },
        { role: 'assistant', parts: [{ type: 'reasoning', content: 'SECRETWHY' }] },
        {
          role: 'assistant',
          parts: [{ type: 'tool_call', id: 'c1', name: 'weather', arguments: { city: 'SECRETARG' } }],
        },
        { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c1', response: 'SECRETRESULT' }] },
        {
          role: 'assistant',
          parts: [
            { type: 'server_tool_call', id: 'ws', name: 'web_search', server_tool_call: { type: 'web_search_call' } },
          ],
        },
      ],
      'gen_ai.output.messages': answered,
      'gen_ai.tool.definitions': [
        { type: 'function', name: 'weather', description: 'SECRETTOOL', parameters: {} },
        { type: 'web_search', name: 'web_search' },
      ],
    });
  });

  it('captured, a stream that was cut has the text that arrived', async () => {
    const cut = { ...scenario.text('one two three'), ...scenario.cut(6) };
    await runTraced(
      api,
      [{ ...scenario.text('one two three'), ...scenario.cut(3) }, cut],
      async ({ client }) => {
        await errorOf(read(await client.chat.completions.create({ ...chat, stream: true })));
        await errorOf(read(await client.responses.create({ ...response, stream: true })));
      },
      { captureContent: true },
    );
    for (const { attributes } of recorder.spans()) {
      expect(contentOf(attributes)['gen_ai.output.messages']).toEqual([
        {
          role: 'assistant',
          parts: [{ type: 'text', content: expect.stringMatching(/^one( two)?$/) }],
          finish_reason: 'error',
        },
      ]);
    }
  });

  it('what parameters JSON cannot hold are shown as far as they can be', async () => {
    const circular: Record<string, unknown> = { role: 'user', content: 'text' };
    circular['self'] = circular;
    const odd = [
      { ...chat, messages: [circular] },
      { ...chat, messages: 'no list' },
      { ...chat, messages: [null, 1n, { role: 'user', content: [{ type: 'new_kind' }, null] }] },
      { ...chat, tools: [null] },
    ].map((body) => ({ ...body, temperature: 0 })) as unknown as (typeof chat)[];
    const program: Program = async ({ client }) => {
      const seen: unknown[] = [];
      for (const body of odd) seen.push(await errorOf(client.chat.completions.create(body)));
      return seen;
    };
    const without = await run(api, [], program);
    expect(await runTraced(api, [], program, { captureContent: true })).toEqual(without);
    expect(recorder.spans()).toHaveLength(odd.length);
    for (const { attributes } of recorder.spans()) expect(attributes['gen_ai.request.temperature']).toBe(0);
  });

  it('a text beyond the limit is shortened, and the JSON stays whole', async () => {
    const program: Program = ({ client }) =>
      client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'x'.repeat(5000) }] });
    await runTraced(api, [], program, { captureContent: true, contentLimit: 300 });
    const text = recorder.spans()[0]?.attributes['gen_ai.input.messages'] as string;
    expect(text.length).toBeLessThanOrEqual(300);
    expect(JSON.parse(text)).toMatchObject([{ role: 'user' }]);
  });

  it('a redactor that fails drops the content and nothing else', async () => {
    const options = {
      captureContent: true,
      redact: () => {
        throw new Error('mine');
      },
    };
    const without = await run(api, [answer], ({ client }) => client.chat.completions.create(chat));
    expect(await runTraced(api, [answer], ({ client }) => client.chat.completions.create(chat), options)).toEqual(
      without,
    );
    expect(contentOf(recorder.spans()[0]?.attributes)).toEqual({});
    expect(recorder.spans()[0]?.attributes['gen_ai.response.id']).toBe('chatcmpl-000001');
  });

  it('tokens are counted once for each call, and the duration with its error', async () => {
    const before = await total();
    await runTraced(
      api,
      [
        scenario.usage({ input: 100, output: 40, cached: 60 }),
        scenario.usage({ input: 100, output: 40 }),
        scenario.status(500),
      ],
      async ({ client }) => {
        await client.chat.completions.create(chat);
        await read(await client.responses.create({ ...response, stream: true }));
        await errorOf(client.chat.completions.create(chat));
      },
    );
    const after = await total();
    const added = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
    expect(added('gen_ai.client.inference.usage.input_tokens')).toBe(200);
    expect(added('gen_ai.client.inference.usage.output_tokens')).toBe(80);
    expect(added('gen_ai.client.inference.usage.cache_read.input_tokens')).toBe(60);
    expect(added('gen_ai.client.inference.duration')).toBe(3);
    expect(added('gen_ai.client.inference.time_to_first_chunk')).toBe(1);
    const failed = (await recorder.metrics()).filter(({ attributes }) => attributes['error.type'] === '500');
    expect(new Set(failed.map(({ name }) => name))).toEqual(new Set(['gen_ai.client.inference.duration']));
  });
});

async function total(): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { name, value } of await recorder.metrics()) sums[name] = (sums[name] ?? 0) + value;
  return sums;
}

function contentOf(attributes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const names = [
    'gen_ai.system_instructions',
    'gen_ai.input.messages',
    'gen_ai.output.messages',
    'gen_ai.tool.definitions',
  ];
  return Object.fromEntries(
    names.filter((name) => name in attributes).map((name) => [name, JSON.parse(String(attributes[name])) as unknown]),
  );
}
