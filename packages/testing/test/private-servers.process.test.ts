import { expect, it, vi } from 'vitest';
import { describeWithService, runProgram } from '../src/index.js';
import { inline } from './inline.js';

describeWithService('redis-cluster', 'a server of a test’s own', () => {
  it('ends with its process, also when that is killed', async () => {
    const servers = new URL('../dist/servers.mjs', import.meta.url).href;
    const { stdout, signal } = await runProgram({
      entry: 'killed.js',
      files: {
        'killed.js': `
          import { writeSync } from 'node:fs';
          import { startRedis } from '${servers}';
          const { url } = await startRedis();
          writeSync(1, url);
          process.kill(process.pid, 'SIGKILL');
        `,
      },
    });
    expect(signal).toBe('SIGKILL');
    expect(stdout).toMatch(/^redis:/);
    await vi.waitFor(() => expect(inline(stdout, 'PING')).rejects.toMatchObject({ code: 'ECONNREFUSED' }), 30_000);
  });
});
