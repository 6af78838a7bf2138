import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectEncrypted } from 'node:tls';
import { expect, it } from 'vitest';
import { describeWithService, startNeo4j } from '../src/index.js';

for (const version of ['5', '2026'] as const) {
  describeWithService(`neo4j-${version}`, `a Neo4j ${version} of a test’s own`, () => {
    it('has a password and a certificate that a client may trust, and starts again at its address', async () => {
      await using server = await startNeo4j({ version, password: 'only-here', tls: true });
      const { hostname, port } = new URL(server.url);
      expect(server.url).toBe(`bolt+ssc://127.0.0.1:${port}`);
      const ca = readFileSync(server.certificate ?? '', 'utf8');
      expect(new X509Certificate(ca).checkIP('127.0.0.1')).toBe('127.0.0.1');
      const trusted = async (): Promise<boolean> => {
        const socket = connectEncrypted({ host: hostname, port: Number(port), ca });
        await once(socket, 'secureConnect');
        socket.destroy();
        return socket.authorized;
      };
      expect(await trusted()).toBe(true);
      await server.kill();
      await expect(once(connect(Number(port), hostname), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      await server.restart();
      expect(await trusted()).toBe(true);
    });
  });
}
