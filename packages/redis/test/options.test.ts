import { describeWithService, inside, startRecording } from '@throughline/testing';
import type { Recorder } from '@throughline/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { redis } from '../src/index.js';
import type { RedisOptions } from '../src/index.js';
import { ioredisLines, keysOf, redisLines } from './clients.js';

const key = keysOf('options');

it.each<[object, string]>([
  [{ requireParent: 1 }, 'redis: option requireParent: 1 is not accepted; expected true or false'],
  [{ captureKeys: 'yes' }, "redis: option captureKeys: 'yes' is not accepted; expected true or false"],
  [{ ignoreCommands: 'PING' }, "redis: option ignoreCommands: 'PING' is not accepted; expected a list of texts"],
  [{ ignoreCommand: [] }, 'redis: option ignoreCommand: unknown; did you mean ignoreCommands?'],
])('%j is refused with what is accepted', (options, message) => {
  expect(() => redis(options as RedisOptions)).toThrow(
    new RegExp(`^${message.replaceAll(/[?()[\]]/g, String.raw`\$&`)}`),
  );
  expect(() => redis(options as RedisOptions)).toThrow(TypeError);
});

/** The calls that a test makes, of any client. */
interface Calls {
  ping(): Promise<unknown>;
  get(key: string): Promise<unknown>;
  set(key: string, value: string): Promise<unknown>;
  multi(): { get(key: string): { set(key: string, value: string): { exec(): Promise<unknown> } } };
}

describeWithService('redis', 'on a real server', ({ url }) => {
  const lines = [
    ...ioredisLines.map(([title, { Redis }]) => {
      const client = new Redis(url, { lazyConnect: true });
      return [
        title,
        { calls: client satisfies Calls, start: () => client.connect(), stop: () => client.disconnect() },
      ] as const;
    }),
    ...redisLines.map(([title, { createClient }]) => {
      const client = createClient({ url });
      const calls = client as unknown as Calls;
      return [title, { calls, start: () => client.connect().then(() => {}), stop: () => client.disconnect() }] as const;
    }),
  ];

  describe.each(lines)('%s', (_, { calls, start, stop }) => {
    let recorder: Recorder;
    let adapter: ReturnType<typeof redis>;
    const withOptions = (options: RedisOptions): void => {
      recorder = startRecording({ metrics: true });
      adapter = redis(options);
      adapter.enable();
    };
    beforeAll(start);
    afterEach(async () => {
      adapter.disable();
      await recorder.stop();
    });
    afterAll(async () => {
      await stop();
    });
    const names = (): string[] => recorder.spans().map(({ name }) => name.toUpperCase());
    const measured = async (): Promise<string[]> =>
      (await recorder.metrics())
        .filter(({ name }) => name === 'db.client.operation.duration')
        .map(({ attributes }) => String(attributes['db.operation.name']).toUpperCase())
        .toSorted();

    it('outside of any span nothing is recorded, but measured', async () => {
      withOptions({});
      await calls.set(key('a'), '1');
      await calls.multi().get(key('a')).set(key('a'), '2').exec();
      expect(names()).toEqual([]);
      expect(recorder.open()).toBe(0);
      expect(await measured()).toEqual(['MULTI', 'SET']);
      await inside('program', () => calls.get(key('a')));
      expect(recorder.tree().map((line) => line.toUpperCase())).toEqual(['PROGRAM', '  GET']);
    });

    it('requireParent: false records it', async () => {
      withOptions({ requireParent: false });
      await calls.set(key('a'), '1');
      await calls.multi().get(key('a')).set(key('a'), '2').exec();
      expect(names()).toEqual(['SET', 'MULTI']);
    });

    it('ignoreCommands leaves commands alone, in any case, and batches of nothing else', async () => {
      withOptions({ ignoreCommands: ['ping', 'Get', 'SET'], requireParent: false });
      await calls.ping();
      await calls.get(key('a'));
      await calls.multi().get(key('a')).set(key('a'), '2').exec();
      expect(names()).toEqual([]);
      expect(await measured()).toEqual([]);
    });

    it('a batch with a command that is not ignored has its span', async () => {
      withOptions({ ignoreCommands: ['GET'], requireParent: false });
      await calls.set(key('a'), '1');
      await calls.multi().get(key('a')).set(key('a'), '2').exec();
      expect(names()).toEqual(['SET', 'MULTI']);
    });

    it('captureKeys shows keys, and nothing else', async () => {
      withOptions({ captureKeys: true, requireParent: false });
      await calls.set(key('a'), 'SECRET');
      await calls.multi().get(key('a')).set(key('b'), 'SECRET').exec();
      expect(recorder.spans().map(({ attributes }) => String(attributes['db.query.text']).toUpperCase())).toEqual([
        `SET ${key('a')} ?`.toUpperCase(),
        `GET ${key('a')}\nSET ${key('b')} ?`.toUpperCase(),
      ]);
      expect(JSON.stringify(recorder.spans())).not.toContain('SECRET');
    });
  });
});
