import { runProgram } from '@throughline/testing';
import { describe, expect, it } from 'vitest';
import { dependencies, setup } from './traced-program.js';

const files = {
  ...setup,
  'app/layout.js': `export default ({ children }) => <html><body>{children}</body></html>;`,
  'app/users/[id]/page.js': `
    export const dynamic = 'force-dynamic';
    export default async function Page({ params }) { return <p>{(await params).id}</p>; }`,
  'app/api/users/[id]/route.js': `
    export async function GET(_, { params }) { return Response.json(await params); }`,
  'pages/api/old/[id].js': `export default (request, response) => response.json({ id: request.query.id });`,
  'next.config.mjs': `export default {};`,
  // Builds once, then serves the two ways that there are, and asks each for every page.
  'main.mjs': `
    import { execFileSync, spawn } from 'node:child_process';
    import { once } from 'node:events';
    import { createServer } from 'node:net';
    import { createInterface } from 'node:readline';
    const next = 'node_modules/next/dist/bin/next';
    execFileSync(process.execPath, [next, 'build', '--webpack'], { stdio: ['ignore', 'ignore', 'inherit'] });
    const free = createServer().listen(0);
    await once(free, 'listening');
    const port = String(free.address().port);
    free.close();
    for (const start of [[next, 'start', '-p', port], ['custom.mjs', port]]) {
      const child = spawn(process.execPath, ['--require', './setup.cjs', ...start], { stdio: ['ignore', 'pipe', 'inherit', 3] });
      for await (const line of createInterface(child.stdout)) if (/Ready/.test(line)) break;
      child.stdout.resume();
      for (const path of ['/api/users/7', '/users/7', '/api/old/7', '/nothing']) {
        const answer = await fetch('http://localhost:' + port + path);
        await answer.text();
      }
      child.kill();
      await once(child, 'exit');
    }`,
  'custom.mjs': `
    import { createServer } from 'node:http';
    import next from 'next';
    const app = next({ dev: false });
    await app.prepare();
    createServer(app.getRequestHandler()).listen(Number(process.argv[2]), () => console.log('Ready'));`,
};

describe('Next.js 16', () => {
  it('a request has one span of ours, with its route, above the one that Next.js makes', async () => {
    const { exitCode, stderr, spans } = await runProgram({
      entry: 'main.mjs',
      files,
      dependencies: dependencies('next', 'react', 'react-dom'),
      env: { NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' },
    });
    expect([exitCode, stderr]).toEqual([0, '']);
    const ours = spans.filter(({ scope }) => scope === '@throughline/http');
    const seen = ours.map(({ name, kind, spanId, attributes }) => {
      const below = spans.filter(({ parentSpanId, kind: childKind }) => parentSpanId === spanId && childKind === kind);
      return [attributes['url.path'], name, attributes['http.route'], below.map((one) => one.name)];
    });
    const expected = [
      ['/api/users/7', 'GET /api/users/[id]', '/api/users/[id]', ['GET /api/users/[id]']],
      ['/users/7', 'GET /users/[id]', '/users/[id]', ['GET /users/[id]']],
      ['/api/old/7', 'GET /api/old/[id]', '/api/old/[id]', ['GET /api/old/[id]']],
      ['/nothing', 'GET', undefined, ['GET']],
    ];
    expect(seen).toEqual([...expected, ...expected]);
  });
});
