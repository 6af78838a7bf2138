import { describeWithService } from '@throughline/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { ioredisLines } from './clients.js';
import { comparing } from './compare.js';

const { compare } = comparing();

describeWithService('redis', 'what no client takes', ({ url }) => {
  describe.each(ioredisLines)('%s', (_, { Redis }) => {
    const client = new Redis(url);
    afterAll(() => client.disconnect());

    it.each([undefined, null, 7])('a command that is %j fails as it did', async (command) => {
      const { result, spans } = await compare(async () => client.sendCommand(command as never));
      expect(result).toMatchObject({ thrown: { class: 'TypeError' } });
      expect(spans).toEqual([]);
    });
  });
});
