import { expect, it } from 'vitest';
import { runProgram } from '../src/index.js';

it('a proxy that resets a connection which is just being closed lets its process end', async () => {
  const servers = new URL('../dist/servers.mjs', import.meta.url).href;
  const { exitCode, stdout } = await runProgram({
    entry: 'main.js',
    files: {
      'main.js': `
        import { once } from 'node:events';
        import { connect, createServer } from 'node:net';
        import { startFaultProxy } from '${servers}';
        const server = createServer(() => {}).listen(0, '127.0.0.1');
        await once(server, 'listening');
        const rule = ({ bytes }) => {
          if (bytes.length === 0) return undefined;
          queueMicrotask(() => proxy.reset());
          return { kind: 'close' };
        };
        const proxy = await startFaultProxy('test://127.0.0.1:' + server.address().port, { rule });
        const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1').on('error', () => {}).resume();
        socket.write('one');
        await new Promise((resolve) => socket.once('close', resolve));
        await proxy[Symbol.asyncDispose]();
        server.close();
        console.log('done');
      `,
    },
    timeoutMs: 30_000,
  });
  expect(stdout).toBe('done\n');
  expect(exitCode).toBe(0);
});
