import { SpanKind, context, trace } from '@opentelemetry/api';
import { describeWithService, startRecording } from '@throughline/testing';
import { Redis as Redis6 } from 'ioredis';
import { Redis as Redis5 } from 'ioredis-v5';
import * as redis6 from 'redis';
import * as redis5 from 'redis-v5';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { redis } from '../src/index.js';

const recorder = startRecording();
const adapter = redis({ requireParent: false });

beforeAll(() => {
  adapter.enable();
  adapter.instrument(Redis6);
  adapter.instrument(Redis5);
});
afterEach(() => {
  recorder.reset();
});
afterAll(async () => {
  adapter.disable();
  await recorder.stop();
});

const inside = <T>(fn: () => T): T => {
  const span = trace.getTracer('test').startSpan('program');
  return context.with(trace.setSpan(context.active(), span), fn);
};

describeWithService('redis', 'redis on a real server', ({ url }) => {
  const port = Number(new URL(url).port);

  describe.each([
    ['ioredis 5', Redis5 as unknown as typeof Redis6],
    ['ioredis 6', Redis6],
  ])('%s', (_, Redis) => {
    const client = new Redis(url);
    afterAll(() => {
      client.disconnect();
    });

    it('a command is one client span with its values hidden', async () => {
      expect(await client.set('user:1', 'SECRET')).toBe('OK');
      const [span] = await recorder.ended(1);
      expect(span).toMatchObject({
        name: 'set',
        kind: SpanKind.CLIENT,
        status: 'UNSET',
        scope: '@throughline/redis',
        attributes: {
          'db.system.name': 'redis',
          'db.operation.name': 'set',
          'db.namespace': '0',
          'db.query.text': 'set ? ?',
          'server.address': '127.0.0.1',
          'server.port': port,
        },
      });
      expect(recorder.spans()).toHaveLength(1);
    });

    it('commands that wait for the connection keep their parent', async () => {
      const late = new Redis(url);
      const span = trace.getTracer('test').startSpan('program');
      await context.with(trace.setSpan(context.active(), span), () => late.get('user:1'));
      expect(recorder.span('get').parentId).toBe(span.spanContext().spanId);
      late.disconnect();
      span.end();
    });

    it('an error reply keeps its object, and only its code is recorded', async () => {
      await client.set('text', 'SECRET');
      const failure: unknown = await client.lpush('text', 'SECRET').catch((error: unknown) => error);
      expect(failure).toMatchObject({ name: 'ReplyError' });
      const span = recorder.span('lpush');
      expect(span).toMatchObject({
        status: 'ERROR',
        message: undefined,
        attributes: { 'error.type': 'WRONGTYPE', 'db.response.status_code': 'WRONGTYPE' },
      });
      expect(JSON.stringify(recorder.spans())).not.toContain('SECRET');
    });

    it('a callback gets what the promise would', async () => {
      const answer = await new Promise((resolve, reject) => {
        void client.get('text', (error, value) => (error ? reject(error) : resolve(value)));
      });
      expect(answer).toBe('SECRET');
      expect(recorder.span('get').status).toBe('UNSET');
    });

    it('a pipeline is one span', async () => {
      const results = await client.pipeline().set('a', '1').set('b', '2').exec();
      expect(results).toEqual([
        [null, 'OK'],
        [null, 'OK'],
      ]);
      expect(recorder.tree()).toEqual(['PIPELINE set']);
      expect(recorder.span('PIPELINE set').attributes).toMatchObject({ 'db.operation.batch.size': 2 });
    });

    it('a transaction is one span, with the error of a command inside', async () => {
      await client.set('text', 'x');
      recorder.reset();
      const results = await client.multi().set('a', '1').lpush('text', 'SECRET').exec();
      expect(results?.[1]?.[0]).toBeInstanceOf(Error);
      expect(recorder.tree()).toEqual(['MULTI']);
      expect(recorder.span('MULTI')).toMatchObject({
        status: 'ERROR',
        attributes: { 'error.type': 'WRONGTYPE', 'db.operation.batch.size': 2 },
      });
    });

    it('automatic pipelines are recorded as what they send', async () => {
      const automatic = new Redis(url, { enableAutoPipelining: true });
      await automatic.ping();
      recorder.reset();
      expect(await Promise.all([automatic.get('a'), automatic.get('b')])).toEqual(['1', '2']);
      expect(recorder.tree()).toEqual(['PIPELINE get']);
      automatic.disconnect();
    });

    it('a server that is not there fails the command with the error of the program', async () => {
      const lost = new Redis(1, '127.0.0.1', { maxRetriesPerRequest: 0, retryStrategy: () => null, lazyConnect: true });
      lost.on('error', () => {});
      const failure = await inside(() => lost.get('a').catch((error: unknown) => error));
      expect(failure).toBeInstanceOf(Error);
      expect(recorder.span('get')).toMatchObject({ status: 'ERROR' });
      expect(recorder.span('CONNECT')).toMatchObject({ status: 'ERROR' });
      lost.disconnect();
    });

    it('a rejected command that nobody awaits is one unhandled rejection', async () => {
      const seen: unknown[] = [];
      const listeners = process.listeners('unhandledRejection');
      process.removeAllListeners('unhandledRejection');
      const first = new Promise((resolve) => {
        process.on('unhandledRejection', (reason) => {
          seen.push(reason);
          resolve(reason);
        });
      });
      void client.lpush('text', 'x');
      await first;
      await client.ping();
      process.removeAllListeners('unhandledRejection');
      for (const listener of listeners) process.on('unhandledRejection', listener);
      expect(seen).toHaveLength(1);
    });

    it('the method looks as it did', () => {
      expect(client.sendCommand).toHaveLength(2);
      expect(client.sendCommand.name).toBe('sendCommand');
    });
  });

  describe.each([
    ['redis 5', redis5 as unknown as typeof redis6],
    ['redis 6', redis6],
  ])('%s', (_, { createClient }) => {
    const client = createClient({ url });
    beforeAll(async () => {
      await client.connect();
      recorder.reset();
    });
    afterAll(() => {
      client.destroy();
    });

    it('a command is one client span with its values hidden', async () => {
      expect(await client.set('user:1', 'SECRET')).toBe('OK');
      const span = recorder.span('SET');
      expect(span).toMatchObject({
        kind: SpanKind.CLIENT,
        status: 'UNSET',
        attributes: {
          'db.system.name': 'redis',
          'db.operation.name': 'SET',
          'db.namespace': '0',
          'db.query.text': 'SET ? ?',
          'server.address': '127.0.0.1',
          'server.port': port,
        },
      });
      expect(recorder.spans()).toHaveLength(1);
    });

    it('what the client lets through in clear is hidden', async () => {
      await client.getSet('user:1', 'SECRET');
      await client.eval('return ARGV[1]', { arguments: ['SECRET'] });
      await client.lRem('list', 1, 'SECRET');
      expect(recorder.spans()).toHaveLength(3);
      expect(JSON.stringify(recorder.spans())).not.toContain('SECRET');
    });

    it('an error reply keeps its object, and only its code is recorded', async () => {
      await client.set('text', 'x');
      const failure: unknown = await client.lPush('text', 'SECRET').catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(Error);
      expect(recorder.span('LPUSH')).toMatchObject({ status: 'ERROR', attributes: { 'error.type': 'WRONGTYPE' } });
      expect(JSON.stringify(recorder.spans())).not.toContain('SECRET');
    });

    it('a transaction and a pipeline are one span each', async () => {
      await client.multi().set('a', '1').get('a').exec();
      await client.multi().set('a', '1').set('b', '2').execAsPipeline();
      expect(recorder.tree()).toEqual(['MULTI', 'PIPELINE SET']);
      expect(recorder.span('MULTI').attributes).toMatchObject({ 'db.operation.batch.size': 2 });
    });

    it('a transaction with a failing command is an error', async () => {
      await client.set('text', 'x');
      recorder.reset();
      await client
        .multi()
        .set('a', '1')
        .lPush('text', 'SECRET')
        .exec()
        .catch(() => {});
      expect(recorder.span('MULTI')).toMatchObject({ status: 'ERROR' });
      expect(JSON.stringify(recorder.spans())).not.toContain('SECRET');
    });

    it('connecting is recorded inside a trace', async () => {
      const other = createClient({ url });
      await inside(() => other.connect());
      expect(recorder.span('CONNECT').status).toBe('UNSET');
      other.destroy();
    });

    it('a server that is not there is an error of connecting', async () => {
      const lost = createClient({ url: 'redis://127.0.0.1:1', socket: { reconnectStrategy: false } });
      lost.on('error', () => {});
      await inside(() => lost.connect().catch(() => {}));
      expect(recorder.span('CONNECT')).toMatchObject({ status: 'ERROR', attributes: { 'error.type': 'ECONNREFUSED' } });
    });
  });
});
