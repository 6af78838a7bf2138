import { describe, expect, it } from 'vitest';
import { fixture, packageFolder, runProgram } from '../src/index.js';

const here = import.meta.dirname;
const otel = {
  '@opentelemetry/api': packageFolder('@opentelemetry/api', here),
  '@opentelemetry/sdk-trace': packageFolder('@opentelemetry/sdk-trace', here),
};

describe('a program in a child process', () => {
  it('hands its spans over, and what it printed', async () => {
    const source = `
      import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
      import { exporter } from './spans-to-fd3.cjs';
      const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
      const span = provider.getTracer('test').startSpan('work', { attributes: { zero: 0 } });
      span.addEvent('half way');
      span.end();
      await provider.forceFlush();
      console.log('done');
      process.exit(3);
    `;
    const result = await runProgram({ files: { 'main.mjs': source }, dependencies: otel, entry: 'main.mjs' });
    expect(result.stderr).toBe('');
    expect(result).toMatchObject({ exitCode: 3, signal: null, stdout: 'done\n' });
    expect(result.spans).toMatchObject([
      { name: 'work', scope: 'test', attributes: { zero: 0 }, events: [{ name: 'half way' }] },
    ]);
  });

  it('knows nothing of vitest', async () => {
    const source = `console.log(Object.keys(process.env).filter((key) => /VITEST|NODE_OPTIONS|NODE_ENV/.test(key)).length, process.env.ADDED)`;
    const result = await runProgram({ files: { 'main.mjs': source }, entry: 'main.mjs', env: { ADDED: 'yes' } });
    expect(result.stdout).toBe('0 yes\n');
  });

  it('finds any major of a library under its true name', async () => {
    const source = `console.log(require('openai/version').VERSION.split('.')[0], require.resolve('openai').includes('.pnpm'))`;
    const openai = packageFolder('openai-v4', here);
    const result = await runProgram({ files: { 'main.cjs': source }, dependencies: { openai }, entry: 'main.cjs' });
    expect(result.stdout).toBe('4 true\n');
  });

  it('runs on the Node that is asked for', async () => {
    const place = fixture({ files: { 'main.mjs': 'console.log(process.version)' } });
    const result = await runProgram({ cwd: place.folder, entry: 'main.mjs', node: '22.15.0' });
    place.remove();
    expect(result.stdout).toBe('v22.15.0\n');
  });

  it('is ended when it takes too long', async () => {
    const source = `console.log('still here'); setInterval(() => {}, 1000)`;
    const running = runProgram({ files: { 'main.mjs': source }, entry: 'main.mjs', timeoutMs: 500 });
    await expect(running).rejects.toThrow(/did not end within 500 ms\nstill here/);
  });
});
