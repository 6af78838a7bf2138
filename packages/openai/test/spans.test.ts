import { SpanKind } from '@opentelemetry/api';
import { scenario, startOpenAIServer, startRecording } from '@throughline/testing';
import type { FinishedSpan, Script } from '@throughline/testing';
import type { OpenAI } from 'openai';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { majors } from './majors.js';
import { errorOf, read, runTraced } from './run.js';
import type { Program } from './run.js';

const recorder = startRecording();
afterEach(() => {
  recorder.reset();
});
afterAll(() => recorder.stop());

const messages: OpenAI.Chat.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hello' }];
const chat = { model: 'gpt-4o', messages };
const usage = scenario.usage({ input: 100, output: 40, cached: 60, reasoning: 30 });

describe.each(majors)('%s', (_, api) => {
  const record = async (script: Script | readonly Script[], program: Program): Promise<FinishedSpan> => {
    await runTraced(api, [script].flat(), program);
    const spans = recorder.spans();
    expect(spans).toHaveLength(1);
    return spans[0] as FinishedSpan;
  };

  it.each([false, true])('a chat with everything (stream: %s)', async (stream) => {
    const { name, kind, status, scope, attributes } = await record(
      { ...scenario.text('one', 'two'), ...usage },
      async ({ client }) => {
        const body = {
          ...chat,
          temperature: 0,
          max_tokens: 0,
          seed: 0,
          top_p: 0.5,
          n: 2,
          stop: '',
          frequency_penalty: 0,
          presence_penalty: -1,
          service_tier: 'default',
          reasoning_effort: 'low',
          response_format: { type: 'json_object' },
          stream_options: stream ? { include_usage: true } : null,
        } as const;
        if (stream) await read(await client.chat.completions.create({ ...body, stream: true }));
        else await client.chat.completions.create(body);
      },
    );
    expect({ name, kind, status, scope }).toEqual({
      name: 'chat gpt-4o',
      kind: SpanKind.CLIENT,
      status: 'UNSET',
      scope: '@throughline/openai',
    });
    const { 'server.port': port, 'gen_ai.response.time_to_first_chunk': firstChunk, ...rest } = attributes;
    expect(port).toEqual(expect.any(Number));
    if (stream) expect(firstChunk).toBeGreaterThan(0);
    else expect(firstChunk).toBeUndefined();
    expect(rest).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-4o',
      'server.address': '127.0.0.1',
      'openai.api.type': 'chat_completions',
      'openai.request.service_tier': 'default',
      'openai.response.service_tier': 'default',
      'openai.response.system_fingerprint': 'fp_throughline',
      'gen_ai.output.type': 'json',
      'gen_ai.request.max_tokens': 0,
      'gen_ai.request.temperature': 0,
      'gen_ai.request.top_p': 0.5,
      'gen_ai.request.frequency_penalty': 0,
      'gen_ai.request.presence_penalty': -1,
      'gen_ai.request.stop_sequences': [''],
      'gen_ai.request.seed': 0,
      'gen_ai.request.choice.count': 2,
      'gen_ai.request.reasoning.level': 'low',
      ...(stream && { 'gen_ai.request.stream': true }),
      'gen_ai.response.id': 'chatcmpl-000001',
      'gen_ai.response.model': 'gpt-4o-2024-07-18',
      'gen_ai.response.finish_reasons': ['stop', 'stop'],
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 40,
      'gen_ai.usage.cache_read.input_tokens': 60,
      'gen_ai.usage.reasoning.output_tokens': 30,
      'gen_ai.usage.audio.input_tokens': 0,
      'gen_ai.usage.audio.output_tokens': 0,
    });
  });

  it.each([false, true])('a response with everything (stream: %s)', async (stream) => {
    const { name, attributes } = await record({ ...scenario.text('one'), ...usage }, async ({ client }) => {
      const body = {
        model: 'o4-mini',
        input: 'Hello',
        temperature: 0,
        max_output_tokens: 16,
        top_p: 1,
        reasoning: { effort: 'high' },
        text: { format: { type: 'text' } },
        previous_response_id: 'resp_0',
        conversation: { id: 'conv_1' },
      } as const;
      if (stream) await read(await client.responses.create({ ...body, stream: true }));
      else await client.responses.create(body);
    });
    expect(name).toBe('chat o4-mini');
    const { 'server.port': _port, 'gen_ai.response.time_to_first_chunk': firstChunk, ...rest } = attributes;
    expect(firstChunk).toEqual(stream ? expect.any(Number) : undefined);
    expect(rest).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'o4-mini',
      'server.address': '127.0.0.1',
      'openai.api.type': 'responses',
      'openai.response.service_tier': 'default',
      'gen_ai.output.type': 'text',
      'gen_ai.request.max_tokens': 16,
      'gen_ai.request.temperature': 0,
      'gen_ai.request.top_p': 1,
      'gen_ai.request.reasoning.level': 'high',
      'gen_ai.request.previous_response.id': 'resp_0',
      'gen_ai.conversation.id': 'conv_1',
      ...(stream && { 'gen_ai.request.stream': true }),
      'gen_ai.response.id': 'resp_000001',
      'gen_ai.response.model': 'o4-mini-2024-07-18',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 40,
      'gen_ai.usage.cache_read.input_tokens': 60,
      'gen_ai.usage.reasoning.output_tokens': 30,
    });
  });

  it('a response fetched later has no tokens, which belong to the call that made it', async () => {
    await runTraced(api, [], async ({ client }) => {
      const { id } = await client.responses.create({ model: 'gpt-4o', input: 'Hello', background: true });
      await client.responses.retrieve(id);
      await read(await client.responses.retrieve(id, { stream: true }));
    });
    const [made, fetched, streamed] = recorder.spans();
    expect(made?.attributes['gen_ai.response.finish_reasons']).toBeUndefined();
    for (const span of [fetched, streamed]) {
      expect(span?.name).toBe('fetch_response');
      expect(span?.attributes).toMatchObject({
        'gen_ai.operation.name': 'fetch_response',
        'gen_ai.response.id': 'resp_000001',
        'gen_ai.response.status': 'completed',
        'gen_ai.response.finish_reasons': ['stop'],
      });
      expect(Object.keys(span?.attributes ?? {}).filter((key) => key.startsWith('gen_ai.usage'))).toEqual([]);
    }
    expect(streamed?.attributes['gen_ai.request.stream']).toBe(true);
  });

  it('embeddings: how many, of what size, no vectors', async () => {
    const span = await record([], ({ client }) =>
      client.embeddings.create({ model: 'text-embedding-3-small', input: ['SECRETIN', 'two'], dimensions: 8 }),
    );
    expect(span.name).toBe('embeddings text-embedding-3-small');
    expect(span.attributes).toMatchObject({
      'gen_ai.operation.name': 'embeddings',
      'gen_ai.embeddings.dimension.count': 8,
      'throughline.embeddings.inputs': 2,
      'gen_ai.usage.input_tokens': expect.any(Number),
      'gen_ai.response.model': 'text-embedding-3-small',
    });
    expect(Object.keys(span.attributes)).not.toContain('gen_ai.usage.output_tokens');
    expect(Object.keys(span.attributes)).not.toContain('gen_ai.request.encoding_formats');
  });

  it('embeddings as base64, which the program asked for', async () => {
    const span = await record([], ({ client }) =>
      client.embeddings.create({ model: 'e', input: [1, 2, 3], encoding_format: 'base64' }),
    );
    expect(span.attributes).toMatchObject({
      'gen_ai.embeddings.dimension.count': 1536,
      'gen_ai.request.encoding_formats': ['base64'],
      'throughline.embeddings.inputs': 1,
    });
  });

  it.each([false, true])('an old completion (stream: %s)', async (stream) => {
    const span = await record(scenario.text('one two'), async ({ client }) => {
      const body = {
        model: 'instruct',
        prompt: 'Hello',
        max_tokens: 5,
        stream_options: stream ? { include_usage: true } : null,
      };
      if (stream) await read(await client.completions.create({ ...body, stream: true }));
      else await client.completions.create({ ...body, stream: false });
    });
    expect(span.name).toBe('text_completion instruct');
    expect(span.attributes).toMatchObject({
      'gen_ai.operation.name': 'text_completion',
      'gen_ai.request.max_tokens': 5,
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.output_tokens': 2,
    });
  });

  it.each([
    ['tool calls', scenario.toolCalls([{ name: 'f' }]), ['tool_call']],
    ['the length', scenario.incomplete('length'), ['length']],
    ['a filter', scenario.incomplete('content_filter'), ['content_filter']],
  ])('an answer that ends by %s', async (_why, script, reasons) => {
    await runTraced(api, [script, script, script, script], async ({ client }) => {
      await client.chat.completions.create(chat);
      await read(await client.chat.completions.create({ ...chat, stream: true }));
      await client.responses.create({ model: 'gpt-4o', input: 'Hello' });
      await read(await client.responses.create({ model: 'gpt-4o', input: 'Hello', stream: true }));
    });
    const found = recorder.spans().map(({ attributes }) => attributes['gen_ai.response.finish_reasons']);
    expect(found).toEqual([reasons, reasons, reasons, reasons]);
  });

  it('a stream that was cut has what arrived, and `error` for the reason that did not', async () => {
    await runTraced(
      api,
      [{ ...scenario.text('one two', 'three'), ...scenario.cut(5) }, scenario.cut(6)],
      async ({ client }) => {
        await errorOf(read(await client.chat.completions.create({ ...chat, stream: true })));
        await errorOf(read(await client.responses.create({ model: 'gpt-4o', input: 'Hello', stream: true })));
      },
    );
    for (const span of recorder.spans()) expect(span.status).toBe('ERROR');
    expect(recorder.spans().map(({ attributes }) => attributes['gen_ai.response.finish_reasons'])).toEqual([
      ['error', 'error'],
      ['error'],
    ]);
    expect(recorder.spans()[0]?.attributes['gen_ai.response.id']).toBe('chatcmpl-000001');
  });

  it('a failed request has its status, and not the text of the answer', async () => {
    const { attributes, status, message, events } = await record(
      scenario.status(429, { message: 'SECRETERR' }),
      ({ client }) => errorOf(client.chat.completions.create(chat)),
    );
    expect({ status, message }).toEqual({ status: 'ERROR', message: undefined });
    expect(attributes).toMatchObject({ 'error.type': '429', 'http.response.status_code': 429 });
    expect(JSON.stringify(events)).not.toContain('SECRET');
  });

  it('a refused connection says to where', async () => {
    const gone = await startOpenAIServer();
    await gone.close();
    const span = await record([], () => {
      const client = new api.OpenAI({ apiKey: 'k', baseURL: gone.url, maxRetries: 0 });
      return errorOf(client.chat.completions.create(chat));
    });
    expect(span.attributes['error.type']).toBe('APIConnectionError');
    // The fetch of 4 does not keep the error below.
    expect(span.message).toBe(api.APIPromise === undefined ? undefined : `connect ECONNREFUSED 127.0.0.1:${gone.port}`);
  });

  it('429 and then an answer is one call that went well', async () => {
    const span = await record(scenario.rateLimitedThen(scenario.text('ok'), 2, { retryAfterMs: 20 }), ({ client }) =>
      client.chat.completions.create(chat, { maxRetries: 2 }),
    );
    expect(span.status).toBe('UNSET');
    expect(span.attributes['error.type']).toBeUndefined();
    expect(span.duration).toBeGreaterThan(20);
  });

  it('a server that leaves out what it does not have', async () => {
    const span = await record(
      scenario.body({ choices: [{ message: null }], usage: { prompt_tokens: 3 } }),
      ({ client }) => client.chat.completions.create(chat),
    );
    expect(span.attributes).toMatchObject({
      'gen_ai.response.finish_reasons': ['error'],
      'gen_ai.usage.input_tokens': 3,
    });
  });

  it.each([
    ['https://api.groq.com/openai/v1', 'groq', 'api.groq.com', 443],
    ['https://x.openai.azure.com/openai', 'azure.ai.openai', 'x.openai.azure.com', 443],
    ['https://bedrock-mantle.us-east-1.api.aws/openai/v1', 'aws.bedrock', 'bedrock-mantle.us-east-1.api.aws', 443],
    [
      'https://europe-west4-aiplatform.googleapis.com/v1',
      'gcp.vertex_ai',
      'europe-west4-aiplatform.googleapis.com',
      443,
    ],
    ['https://openrouter.ai/api/v1', 'openrouter', 'openrouter.ai', 443],
    ['http://[::1]:8080/v1', 'openai', '::1', 8080],
    ['http://constructor/v1', 'openai', 'constructor', 80],
    ['https://api.groq.com.evil.example/v1', 'openai', 'api.groq.com.evil.example', 443],
  ])('the provider at %s', async (baseURL, provider, address, port) => {
    const span = await record([], ({ server }) => {
      const client = new api.OpenAI({
        apiKey: 'k',
        baseURL,
        fetch: (_url, init) => fetch(`${server.url}/chat/completions`, init),
      });
      return client.chat.completions.create({ ...chat, service_tier: 'flex' });
    });
    expect(span.attributes).toMatchObject({
      'gen_ai.provider.name': provider,
      'server.address': address,
      'server.port': port,
    });
    expect('openai.api.type' in span.attributes).toBe(provider === 'openai');
  });

  it('an Azure client is Azure wherever it goes, and asks for its deployment', async () => {
    const span = await record([], ({ server }) => {
      const client = new api.AzureOpenAI({ apiKey: 'k', apiVersion: 'v', deployment: 'mine', baseURL: server.url });
      return client.chat.completions.create(chat);
    });
    expect(span.name).toBe('chat mine');
    expect(span.attributes['gen_ai.provider.name']).toBe('azure.ai.openai');
  });
});
