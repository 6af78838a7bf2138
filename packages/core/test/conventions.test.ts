import { SpanKind } from '@opentelemetry/api';
import { startRecording } from '@throughline/testing';
import type { MetricPoint, Recorder } from '@throughline/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  databaseOperation,
  frameworkOperation,
  generationOperation,
  httpOperation,
  queryRule,
  redactUrl,
} from '../src/index.js';
import type {
  DatabaseCall,
  DatabaseResult,
  FrameworkCall,
  FrameworkResult,
  GenerationCall,
  GenerationResult,
  HttpCall,
  HttpCapture,
  Operation,
  Redact,
} from '../src/index.js';
import { contentPolicy } from '../src/content.js';
import { testTelemetry } from './test-telemetry.js';

let recorder: Recorder;
beforeEach(() => {
  recorder = startRecording({ metrics: true });
});
afterEach(() => recorder.stop());

/** Starts and ends one call, and answers its span. */
function record<Output>(
  operation: Operation<object, Output>,
  output?: Output,
  content: { readonly captureContent?: boolean; readonly redact?: Redact } = {},
) {
  recorder.reset();
  const { captureContent = false, redact } = content;
  testTelemetry({ content: contentPolicy({ captureContent, redact, limit: 1000 }) })
    .start(operation, {})
    ?.succeed(output);
  const [span] = recorder.spans();
  if (span === undefined) throw new Error('no span was recorded');
  return span;
}

const names = (points: readonly MetricPoint[]): string[] => points.map((point) => point.name);

describe('a database call', () => {
  const span = (call: Partial<DatabaseCall>, result?: DatabaseResult) =>
    record(
      databaseOperation<object, DatabaseResult>({
        call: () => ({ system: 'neo4j', defaultPort: 7687, ...call }),
        result: (given) => given,
      }),
      result,
    );

  it.each<[Partial<DatabaseCall>, string]>([
    [{ summary: 'MATCH Person', operation: 'x' }, 'MATCH Person'],
    [{ operation: 'GET' }, 'GET'],
    [{ operation: 'COMMIT', collection: 'people' }, 'COMMIT people'],
    [{ storedProcedure: 'db.labels' }, 'db.labels'],
    [{ namespace: 'movies' }, 'movies'],
    [{}, 'neo4j'],
  ])('%j is named %s', (call, name) => {
    expect(span(call)).toMatchObject({ name, kind: SpanKind.CLIENT });
  });

  it('tells the server that answered or failed, without its port when that is the usual one', () => {
    const { attributes } = span({}, { server: { address: 'b', port: 7687 } });
    expect(attributes).toMatchObject({ 'server.address': 'b' });
    expect(attributes).not.toHaveProperty('server.port');
    expect(span({}, { failure: { code: 'Neo.X', server: { address: 'c', port: 1 } } }).attributes).toMatchObject({
      'server.address': 'c',
      'server.port': 1,
      'db.response.status_code': 'Neo.X',
    });
  });

  it('says a port and a batch size only where they tell something', () => {
    expect(span({ server: { address: 'db', port: 7687 }, batchSize: 1 }).attributes).toEqual({
      'db.system.name': 'neo4j',
      'server.address': 'db',
    });
    expect(span({ server: { address: 'db', port: 7688 }, batchSize: 0 }).attributes).toEqual({
      'db.system.name': 'neo4j',
      'server.address': 'db',
      'server.port': 7688,
      'db.operation.batch.size': 0,
    });
  });

  it('takes over what only the answer tells', async () => {
    const { name, attributes } = span(
      { operation: 'run' },
      { summary: 'MATCH Person', returnedRows: 0, namespace: 'movies', server: { address: 'b', port: 1 } },
    );
    expect(name).toBe('MATCH Person');
    expect(attributes).toMatchObject({
      'db.response.returned_rows': 0,
      'db.namespace': 'movies',
      'server.address': 'b',
    });
    expect(names(await recorder.metrics())).toEqual([
      'db.client.operation.duration',
      'db.client.response.returned_rows',
    ]);
  });
});

describe('a call of a model', () => {
  const operation = (conventions: 'latest' | 'legacy', call: Partial<GenerationCall> = {}) =>
    generationOperation<object, GenerationResult>({
      conventions,
      call: () => ({ operation: 'chat', provider: 'openai', model: 'm', ...call }),
      result: (result) => result,
    });
  const result: GenerationResult = {
    finishReasons: ['stop'],
    usage: { inputTokens: 10, outputTokens: 5, cacheReadTokens: 3, cacheWriteTokens: 2, reasoningTokens: 1 },
    messages: () => [{ role: 'assistant', parts: [{ type: 'text', content: 'SECRET' }], finish_reason: 'stop' }],
  };

  it('keeps 0 and false, and leaves out what is the rule', () => {
    const request = { temperature: 0, seed: 0, choiceCount: 1, stream: false, maxTokens: 0, stopSequences: [] };
    expect(record(operation('latest', { request })).attributes).toEqual({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'm',
      'gen_ai.request.temperature': 0,
      'gen_ai.request.seed': 0,
      'gen_ai.request.max_tokens': 0,
      'gen_ai.request.stop_sequences': [],
    });
  });

  it('has the newest names', async () => {
    const { attributes } = record(operation('latest'), result);
    expect(attributes).toMatchObject({
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 10,
      'gen_ai.usage.cache_read.input_tokens': 3,
      'gen_ai.usage.cache_write.input_tokens': 2,
      'gen_ai.usage.reasoning.output_tokens': 1,
    });
    expect(attributes).not.toHaveProperty('gen_ai.usage.cache_creation.input_tokens');
    expect(names(await recorder.metrics()).filter((name) => /token\.usage|operation\.duration/.test(name))).toEqual([]);
  });

  it('has the superseded names too, when asked', async () => {
    const { attributes } = record(operation('legacy'), result);
    expect(attributes).toMatchObject({ 'gen_ai.usage.cache_creation.input_tokens': 2 });
    const points = await recorder.metrics();
    expect(names(points)).toEqual(
      expect.arrayContaining(['gen_ai.client.token.usage', 'gen_ai.client.operation.duration']),
    );
    expect(names(points)).toContain('gen_ai.client.inference.duration');
  });

  it.each(['embeddings', 'speech', 'transcription', 'image'] as const)('%s is no inference', async (kind) => {
    expect(record(operation('latest', { operation: kind }), result).name).toBe(`${kind} m`);
    expect(names(await recorder.metrics())).toEqual(['gen_ai.client.operation.duration']);
  });

  it('writes messages only when asked, and redacted', () => {
    const messages = () => [{ role: 'user', parts: [{ type: 'text', content: 'SECRET' }] }];
    expect(JSON.stringify(record(operation('latest', { messages }), result))).not.toContain('SECRET');
    const redact: Redact = (text) => text.replace('SECRET', '***');
    const { attributes } = record(operation('latest', { messages }), result, { captureContent: true, redact });
    expect(attributes).toMatchObject({
      'gen_ai.input.messages': '[{"role":"user","parts":[{"type":"text","content":"***"}]}]',
      'gen_ai.output.messages':
        '[{"role":"assistant","parts":[{"type":"text","content":"***"}],"finish_reason":"stop"}]',
    });
  });
});

describe('what a framework does', () => {
  const span = (call: FrameworkCall, result?: FrameworkResult, content?: { readonly captureContent: boolean }) =>
    record(
      frameworkOperation<object, FrameworkResult>({ call: () => call, result: (given) => given }),
      result,
      content,
    );

  it.each<[FrameworkCall, string, SpanKind, string | undefined]>([
    [
      { kind: 'agent', name: 'researcher' },
      'invoke_agent researcher',
      SpanKind.INTERNAL,
      'gen_ai.invoke_agent.duration',
    ],
    [{ kind: 'agent' }, 'invoke_agent', SpanKind.INTERNAL, 'gen_ai.invoke_agent.duration'],
    [{ kind: 'workflow', name: 'w' }, 'invoke_workflow w', SpanKind.INTERNAL, 'gen_ai.invoke_workflow.duration'],
    [{ kind: 'tool', name: 'search' }, 'execute_tool search', SpanKind.INTERNAL, 'gen_ai.execute_tool.duration'],
    [{ kind: 'retrieval', dataSource: 'd' }, 'retrieval d', SpanKind.CLIENT, 'gen_ai.client.operation.duration'],
    [{ kind: 'step', name: 'node a' }, 'node a', SpanKind.INTERNAL, undefined],
  ])('%j', async (call, name, kind, metric) => {
    expect(span(call)).toMatchObject({ name, kind });
    expect(names(await recorder.metrics())).toEqual(metric === undefined ? [] : [metric]);
  });

  it('shows what a tool was given and gave only when asked', () => {
    const call: FrameworkCall = { kind: 'tool', name: 't', callId: 'c', arguments: () => ({ q: 'SECRET' }) };
    const result = { toolResult: () => 'SECRET' };
    expect(JSON.stringify(span(call, result))).not.toContain('SECRET');
    expect(span(call, result, { captureContent: true }).attributes).toMatchObject({
      'gen_ai.tool.call.id': 'c',
      'gen_ai.tool.call.arguments': '{"q":"SECRET"}',
      'gen_ai.tool.call.result': '"SECRET"',
    });
  });

  it('is failed when its result says so', () => {
    const failed = span({ kind: 'tool', name: 't' }, { failure: { type: 'tool_error' } });
    expect(failed).toMatchObject({ status: 'ERROR', attributes: { 'error.type': 'tool_error' } });
  });
});

describe('a request', () => {
  const span = (call: Partial<HttpCall>, status?: number) =>
    record(
      httpOperation<object, number>({
        call: () =>
          ({
            kind: 'client',
            method: 'GET',
            url: 'https://u:p@host/a?token=SECRET',
            server: { address: 'host', port: 443 },
            scheme: 'https',
            path: '/a',
            ...call,
          }) as HttpCall,
        result: (given) => ({ status: given }),
      }),
      status,
    );

  it.each([
    ['client', 200, 'UNSET'],
    ['client', 404, 'ERROR'],
    ['server', 404, 'UNSET'],
    ['server', 500, 'ERROR'],
  ] as const)('%s, %i: %s', (kind, code, status) => {
    expect(span({ kind }, code)).toMatchObject({
      name: 'GET',
      status,
      attributes: { 'http.response.status_code': code },
    });
  });

  it('shows no credentials and no query values', () => {
    expect(span({}).attributes['url.full']).toBe('https://REDACTED:REDACTED@host/a?token=REDACTED');
  });

  it.each([
    [false, [], '?page=2&id=REDACTED&sig=REDACTED'],
    [['id', 'sig'], [], '?page=2&id=7&sig=REDACTED'],
    [true, [], '?page=2&id=7&sig=REDACTED'],
    [true, ['ID', 'page'], '?page=REDACTED&id=REDACTED&sig=REDACTED'],
  ])('with captured query %j and redacted %j its query is %s', (shown, hidden, expected) => {
    const shows = queryRule(shown, hidden);
    expect(redactUrl('https://host/a?page=2&id=7&sig=SECRET#f', shows)).toBe(`https://host/a${expected}`);
  });

  it('shows no secret whose name is written in another way', () => {
    const shows = queryRule(true, []);
    expect(redactUrl('/a?%73ig=SECRET&x-amz-signature=SECRET&%zz=1', shows)).toBe(
      '/a?%73ig=REDACTED&x-amz-signature=REDACTED&%zz=1',
    );
  });

  it('shows the headers that were asked for, each with all its values', () => {
    const capture: HttpCapture = { requestHeaders: ['x-one', 'x-none'], responseHeaders: ['x-two'] };
    const header = (name: string) => ({ 'x-one': '1', 'x-two': ['2', '3'], 'x-other': 'SECRET' })[name];
    const { attributes } = record(
      httpOperation<object, object>({
        capture,
        call: () => ({ kind: 'client', method: 'GET', url: 'https://h/', server: { address: 'h' }, header }),
        result: () => ({ status: 200, header }),
      }),
      {},
    );
    expect(Object.entries(attributes).filter(([key]) => key.includes('.header.'))).toEqual([
      ['http.request.header.x-one', ['1']],
      ['http.response.header.x-two', ['2', '3']],
    ]);
  });

  it('whose body breaks off keeps its status code, and is the error that broke it', () => {
    const operation = httpOperation<object, object>({
      call: () => ({ kind: 'client', method: 'GET', url: 'https://h/', server: { address: 'h' } }),
      result: () => ({ status: 200, failure: { type: 'ECONNRESET' } }),
    });
    expect(record(operation, {})).toMatchObject({
      status: 'ERROR',
      attributes: { 'http.response.status_code': 200, 'error.type': 'ECONNRESET' },
    });
  });

  it('of a method that nobody knows is HTTP', () => {
    expect(span({ method: 'get' })).toMatchObject({
      name: 'HTTP',
      attributes: { 'http.request.method': '_OTHER', 'http.request.method_original': 'get' },
    });
  });
});
