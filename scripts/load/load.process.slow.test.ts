import { expect, it } from 'vitest';
import { describeWithService, type ServiceName } from '../../packages/testing/src/index.js';
import { runLoad } from './run.mjs';

// `pnpm load` runs the same with a hundred users for a minute.
const services: Readonly<Record<string, ServiceName>> = {
  ioredis: 'redis-cluster',
  redis: 'redis-cluster',
  neo4j: 'neo4j-2026',
};

for (const [name, service] of Object.entries(services)) {
  describeWithService(service, `${name} under load`, () => holds(name));
}
holds('http');

function holds(name: string): void {
  it(
    `${name}: with delays, broken connections and a killed server the program sees the same, and each call has its span`,
    { timeout: 600_000 },
    async () => {
      const { plain, ours, problems } = await runLoad(name, { seconds: 10, users: 20 });
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
