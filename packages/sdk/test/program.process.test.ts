import path from 'node:path';
import { packageFolder, runProgram } from '@throughline/testing';
import type { NodeVersion, ProgramOptions, ProgramResult } from '@throughline/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startCollector } from './collector.js';
import type { Collector } from './collector.js';

const sdk = path.join(import.meta.dirname, '..');
const dependencies = {
  '@throughline/sdk': sdk,
  '@opentelemetry/api': packageFolder('@opentelemetry/api', sdk),
};

/** A program with a span around another one, between which it waits; then it says what the memory exporter has. */
const work = `
const work = (trace) => trace.getTracer('program').startActiveSpan('outer', async (outer) => {
  await new Promise((resolve) => setTimeout(resolve, 1));
  trace.getTracer('program').startSpan('inner').end();
  outer.end();
});
const say = ({ spans }) => console.log(JSON.stringify(spans().map((span) => [span.name, span.spanContext().spanId, span.parentSpanContext?.spanId])));`;

const esm = `import { trace } from '@opentelemetry/api';`;
const cjs = `const { trace } = require('@opentelemetry/api');`;
const esmStart = `import { startTracing } from '@throughline/sdk';`;
const cjsStart = `const { startTracing } = require('@throughline/sdk');`;

/** A program that has the handle of the preload by calling `startTracing` once more. */
const loaded: Record<'main.mjs' | 'main.cjs', string> = {
  'main.mjs': `${esm}${esmStart}${work}\nawait work(trace);\nsay(startTracing());`,
  'main.cjs': `${cjs}${cjsStart}${work}\nwork(trace).then(() => say(startTracing()));`,
};
const own: typeof loaded = {
  'main.mjs': `${esm}${esmStart}${work}\nconst tracing = startTracing({ exporter: 'memory' });\nawait work(trace);\nsay(tracing);`,
  'main.cjs': `${cjs}${cjsStart}${work}\nconst tracing = startTracing({ exporter: 'memory' });\nwork(trace).then(() => say(tracing));`,
};

interface Way {
  readonly title: string;
  readonly files: Record<string, string>;
  readonly entry: string;
  readonly execArgv?: readonly string[];
}

const preloads = ['--import', '--require'].map((flag) => [flag, '@throughline/sdk/register']);

const ways: readonly Way[] = [
  { title: 'an ESM program that starts tracing', files: own, entry: 'main.mjs' },
  { title: 'a CommonJS program that starts tracing', files: own, entry: 'main.cjs' },
  ...preloads.flatMap((execArgv): Way[] => [
    { title: `an ESM program with ${execArgv[0]}`, files: loaded, entry: 'main.mjs', execArgv },
    { title: `a CommonJS program with ${execArgv[0]}`, files: loaded, entry: 'main.cjs', execArgv },
  ]),
  {
    title: 'an ESM program whose tracing is started by a CommonJS file',
    files: {
      'set-up.cjs': `${cjsStart}\nstartTracing({ exporter: 'memory' });`,
      'main.mjs': `import './set-up.cjs';\n${loaded['main.mjs']}`,
    },
    entry: 'main.mjs',
  },
  {
    title: 'a CommonJS library that took its tracer before an ESM program starts tracing',
    files: {
      'library.cjs': `${cjs}\nconst tracer = trace.getTracer('program');\nmodule.exports = { getTracer: () => tracer };`,
      'main.mjs': `import early from './library.cjs';\n${esmStart}${work}\nconst tracing = startTracing({ exporter: 'memory' });\nawait work(early);\nsay(tracing);`,
    },
    entry: 'main.mjs',
  },
  {
    title: 'an ESM program that took its tracer before it starts tracing',
    files: {
      'main.mjs': `${esm}${esmStart}${work}\nconst tracer = trace.getTracer('program');\nconst tracing = startTracing({ exporter: 'memory' });\nawait work({ getTracer: () => tracer });\nsay(tracing);`,
    },
    entry: 'main.mjs',
  },
];

const nodes: readonly NodeVersion[] = ['22.15.0', '24.21.0', '26.10.0'];

describe.each(nodes)('on Node %s', (node) => {
  it.each(ways)('$title: spans have their parents', async ({ files, entry, execArgv = [] }) => {
    const result = await runProgram({
      files,
      dependencies,
      entry,
      execArgv,
      node,
      env: { TRACING_EXPORTER: 'in_memory' },
    });
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    const [inner, outer] = JSON.parse(result.stdout) as [string, string, string | null][];
    expect(inner).toEqual(['inner', expect.any(String), outer?.[1]]);
    expect(outer).toEqual(['outer', expect.any(String), null]);
  });

  it('a signal that nobody handles ends the process by that signal, with everything sent', async () => {
    const collector = await startCollector();
    const result = await run({
      source: `span(); process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);`,
      collector,
      node,
    });
    await collector.close();
    expect(result).toMatchObject({ exitCode: null, signal: 'SIGTERM', stderr: '' });
    expect(collector.spans()).toEqual(['work']);
  });
});

/** Runs a program that sends to the collector. `span()` makes a span. */
function run({
  source,
  collector,
  ...options
}: { source: string; collector: Collector } & Partial<ProgramOptions>): Promise<ProgramResult> {
  const main = `${esm}${esmStart}
    const tracing = startTracing({ exporter: 'otlp', endpoint: '${collector.url}', metrics: false });
    const span = (name = 'work') => trace.getTracer('program').startSpan(name).end();
    ${source}`;
  return runProgram({ files: { 'main.mjs': main }, dependencies, entry: 'main.mjs', ...options });
}

describe('the end of a program', () => {
  let collector: Collector;
  beforeEach(async () => {
    collector = await startCollector();
  });
  afterEach(() => collector.close());

  it.each([
    ['its normal end', `span(); process.exitCode = 3;`, { exitCode: 3, signal: null }],
    [
      'SIGINT',
      `span(); process.kill(process.pid, 'SIGINT'); setInterval(() => {}, 1000);`,
      { exitCode: null, signal: 'SIGINT' },
    ],
    [
      'a shutdown before process.exit()',
      `span(); await tracing.shutdown(); process.exit(4);`,
      { exitCode: 4, signal: null },
    ],
    [
      'work begun when the loop was empty',
      `process.once('beforeExit', () => setTimeout(span, 50, 'later')); span();`,
      { exitCode: 0, signal: null },
    ],
    ['a top-level await that never settles', `span(); await new Promise(() => {});`, { exitCode: 13, signal: null }],
  ])('%s: spans are sent and the exit stays as it was', async (_, source, end) => {
    const result = await run({ source, collector });
    expect(result).toMatchObject(end);
    expect(collector.spans()).toEqual(source.includes('later') ? ['work', 'later'] : ['work']);
  });

  it.each(['on', 'once', 'prependListener'])(
    'a handler that the program added with %s decides about a signal',
    async (add) => {
      const source = `
      process.${add}('SIGTERM', () => { console.log('handled'); setTimeout(() => { console.log('cleaned up'); process.exit(5); }, 1000); });
      span();
      process.kill(process.pid, 'SIGTERM');
      setInterval(() => {}, 1000);`;
      const result = await run({ source, collector });
      expect(result).toMatchObject({ exitCode: 5, signal: null, stdout: 'handled\ncleaned up\n', stderr: '' });
      expect(collector.spans()).toEqual(['work']);
    },
  );

  it('a handler that lets the program live is called each time', async () => {
    const source = `
      let times = 0;
      process.on('SIGTERM', () => { times += 1; console.log(times); if (times === 2) clearInterval(alive); });
      const alive = setInterval(() => {}, 1000);
      for (let time = 0; time < 2; time += 1) { process.kill(process.pid, 'SIGTERM'); await new Promise((resolve) => setTimeout(resolve, 50)); }
      span();`;
    const result = await run({ source, collector });
    expect(result).toMatchObject({ exitCode: 0, stdout: '1\n2\n' });
    expect(collector.spans()).toEqual(['work']);
  });

  it('a handler that counts listeners sees its own only', async () => {
    const source = `
      process.on('SIGTERM', function mine() {
        if (process.listeners('SIGTERM').length !== 1) return;
        process.off('SIGTERM', mine);
        process.kill(process.pid, 'SIGTERM');
      });
      process.kill(process.pid, 'SIGTERM');
      setInterval(() => {}, 1000);`;
    expect(await run({ source, collector })).toMatchObject({ exitCode: null, signal: 'SIGTERM' });
  });

  it('an error that nobody catches ends the program as without us', async () => {
    const result = await run({ source: `span(); throw new Error('mine');`, collector });
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain('Error: mine');
  });

  it.each([
    ['at its normal end', ''],
    ['while a batch is under way', 'await new Promise((resolve) => setTimeout(resolve, 300));'],
    ['at a signal', `process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);`],
  ])('a collector that hangs does not hold the process %s', async (_, then) => {
    collector.answer = undefined;
    const began = performance.now();
    const result = await run({ source: `span(); ${then}`, collector, env: { OTEL_BSP_SCHEDULE_DELAY: '100' } });
    // OpenTelemetry's own exporter holds it for ten seconds.
    expect(performance.now() - began).toBeLessThan(9_000);
    expect(result).toMatchObject(then.includes('SIGTERM') ? { signal: 'SIGTERM' } : { exitCode: 0 });
    expect(result.stderr).toBe('');
  });

  it('a collector that is not there does not hold the process', async () => {
    await collector.close();
    const began = performance.now();
    const source = `span(); await new Promise((resolve) => setTimeout(resolve, 300)); span();`;
    const result = await run({ source, collector, env: { OTEL_BSP_SCHEDULE_DELAY: '100' } });
    expect(performance.now() - began).toBeLessThan(9_000);
    const line = `throughline: traces could not be sent to ${collector.url}/v1/traces: ECONNREFUSED\n`;
    expect(result).toMatchObject({ exitCode: 0, stderr: line });
  });
});

it('sending is not traced, what the program itself requests is', async () => {
  const collector = await startCollector();
  const main = `${esm}${esmStart}
    const tracing = startTracing({ exporter: ['otlp', 'memory'], endpoint: '${collector.url}', batch: false });
    trace.getTracer('program').startSpan('work').end();
    await tracing.flush();
    await (await fetch('${collector.url}/asked')).text();
    await tracing.flush();
    console.log(tracing.spans().map(({ name }) => name).join());`;
  const http = path.join(sdk, '..', 'http');
  const result = await runProgram({
    files: { 'main.mjs': main },
    dependencies: { ...dependencies, '@throughline/http': http },
    entry: 'main.mjs',
  });
  await collector.close();
  expect(result).toMatchObject({ exitCode: 0, stdout: 'work,GET\n', stderr: '' });
  expect(collector.received.map((request) => request.path)).toContain('/v1/metrics');
});

describe('the preload', () => {
  const register = ['--import', '@throughline/sdk/register'];

  it('takes everything from the environment, and the service from the package.json of the program', async () => {
    const collector = await startCollector();
    const files = {
      'package.json': '{ "name": "podcast-kg", "version": "3.2.1", "type": "module" }',
      'main.js': `${esm}\ntrace.getTracer('program').startSpan('work').end();`,
    };
    const env = { TRACING_OTLP_ENDPOINT: collector.url, ENVIRONMENT: 'test', OTEL_METRICS_EXPORTER: 'none' };
    const result = await runProgram({ files, dependencies, entry: 'main.js', execArgv: register, env });
    await collector.close();
    expect(result).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    expect(collector.received).toMatchObject([
      {
        names: ['work'],
        resource: { 'service.name': 'podcast-kg', 'service.version': '3.2.1', 'deployment.environment.name': 'test' },
      },
    ]);
  });

  it('warns of a wrong variable on standard error, and the program runs', async () => {
    const files = { 'main.mjs': `console.log('ran');` };
    const env = { TRACING_EXPORTER: 'pigeon', OTEL_TRACES_EXPORTER: 'none' };
    const result = await runProgram({ files, dependencies, entry: 'main.mjs', execArgv: register, env });
    expect(result).toMatchObject({ exitCode: 0, stdout: 'ran\n' });
    expect(result.stderr).toBe(
      "throughline: environment variable TRACING_EXPORTER: 'pigeon' is not accepted; expected console, otlp, memory, none, or several with commas between; ignored\n",
    );
  });

  it('prints traces without colour where there is no terminal, also of a root that never ended', async () => {
    const source = `${esm}
      const tracer = trace.getTracer('program');
      tracer.startSpan('done').end();
      tracer.startActiveSpan('never', () => tracer.startSpan('inside').end());`;
    const env = { TRACING_CONSOLE_EXPORT: 'true', TRACING_EXPORTER: 'none', FORCE_COLOR: undefined };
    const options = { files: { 'main.mjs': source }, dependencies, entry: 'main.mjs', execArgv: register };
    const plain = await runProgram({ ...options, env });
    expect(plain.stdout).toMatch(/^done +\S+ ms\ninside \(trace not finished\) +\S+ ms\n$/);
    const coloured = await runProgram({ ...options, env: { ...env, FORCE_COLOR: '1' } });
    expect(coloured.stdout).toContain('\u001B[1mdone\u001B[22m');
  });
});

it('a reader of the traces that went away does not end the program', async () => {
  const printing = `${esm}${esmStart}
    startTracing({ exporter: 'console' });
    let printed = 0;
    const timer = setInterval(() => {
      for (let index = 0; index < 20; index += 1) trace.getTracer('program').startSpan('work').end();
      if ((printed += 1) === 20) { clearInterval(timer); console.error('ran to its end'); }
    }, 10);`;
  // A process in between, since runProgram reads to the end.
  const main = `
    import { spawn } from 'node:child_process';
    const child = spawn(process.execPath, ['printing.mjs'], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.once('data', () => child.stdout.destroy());
    child.on('exit', (code) => { process.exitCode = code; });`;
  const files = { 'printing.mjs': printing, 'main.mjs': main };
  const result = await runProgram({ files, dependencies, entry: 'main.mjs' });
  expect(result).toMatchObject({ exitCode: 0, stderr: 'ran to its end\n' });
});

it('importing the package starts nothing, and never loads gRPC', async () => {
  const source = `
    // Made when first looked at, as one of OpenTelemetry's dependencies does.
    const streams = [process.stdout, process.stderr];
    const before = process.getActiveResourcesInfo().length;
    const listeners = () => ['exit', 'beforeExit', 'SIGTERM', 'SIGINT'].map((name) => process.listenerCount(name)).join();
    const counted = listeners();
    const { startTracing } = require('@throughline/sdk');
    const idle = process.getActiveResourcesInfo().length === before && listeners() === counted;
    console.log(idle, Symbol.for('opentelemetry.js.api.1') in globalThis, Symbol.for('throughline.tracing.v1') in globalThis);
    startTracing({ exporter: ['otlp', 'console', 'memory'] });
    console.log(Object.keys(require.cache).some((file) => file.includes('grpc')));`;
  const result = await runProgram({
    files: { 'main.cjs': source },
    dependencies,
    entry: 'main.cjs',
    env: { TRACING_OTLP_ENDPOINT: 'http://127.0.0.1:1' },
  });
  expect(result).toMatchObject({ exitCode: 0, stdout: 'true false false\nfalse\n', stderr: '' });
});
