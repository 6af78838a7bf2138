import { describe, expect, it } from 'vitest';
import { describeWithService } from '../../packages/testing/src/index.js';
import { runLoad } from './run.mjs';

// `pnpm load` runs the same with a hundred users for a minute.
const usual = { seconds: 10, users: 20 };
const short = { seconds: 3, users: 10 };

describeWithService('redis-cluster', 'Redis under load', () => {
  holds('ioredis', usual);
  holds('ioredis-v5', short);
  holds('redis', usual);
  holds('redis-v5', short);
  holds('redis-v4', short);
});
describeWithService('neo4j-2026', 'Neo4j under load', () => {
  // Each user's call takes the server ten times as long as one of Redis, and it starts slowly.
  holds('neo4j', short);
});
describe('HTTP under load', () => {
  holds('http', usual);
  holds('undici-v7', short);
  holds('undici-v6', short);
});

function holds(name: string, extent: typeof usual): void {
  it(
    `${name}: with delays, broken connections and a killed server the program sees the same, and each call has its span`,
    { timeout: 600_000 },
    async () => {
      const { plain, ours, problems } = await runLoad(name, extent);
      expect(problems.slice(0, 10)).toEqual([]);
      expect(ours.calls).toBe(plain.calls);
      expect(ours.failed).toBe(plain.failed);
      expect(ours.failed).toBeGreaterThan(0);
      expect(ours.faults).toMatchObject({
        kill: expect.any(Number),
        reset: expect.any(Number),
        cut: expect.any(Number),
      });
    },
  );
}
