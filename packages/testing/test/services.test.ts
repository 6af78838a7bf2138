import { connect } from 'node:net';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { describeWithService } from '../src/index.js';

for (const name of ['redis', 'redis-cluster', 'redis-sentinel', 'neo4j-5', 'neo4j-2026'] as const) {
  describeWithService(name, `the address of ${name}`, ({ url }) => {
    it('is one where a server listens', async () => {
      const { hostname, port } = new URL(url);
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      socket.destroy();
      expect(url).toMatch(/^(?:redis|bolt):/);
    });
  });
}
