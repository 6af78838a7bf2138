// One variant of one case, alive for the whole run: it makes as many calls as it is told and answers what they cost.
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { cases } from './cases.mjs';

const [caseName, variant, mode, address] = process.argv.slice(2);
const { adapter, start, hand, together = 1 } = cases[caseName];
const repository = path.join(import.meta.dirname, '..', '..');
const folder = path.join(repository, 'packages', adapter);
const fromAdapter = createRequire(path.join(folder, 'package.json'));
const fromTesting = createRequire(path.join(repository, 'packages', 'testing', 'package.json'));

// ESM builds, as a program in ESM has them: OpenTelemetry's CommonJS build costs 1 µs more a span.
const load = (name) => import(pathToFileURL(esmFile(name)).href);
function esmFile(name) {
  const required = fromAdapter.resolve(name);
  for (const [from, to] of [
    [/\.cjs$/, '.mjs'],
    [/\.cjs$/, '.js'],
    [/\.js$/, '.mjs'],
  ]) {
    const candidate = required.replace(from, to);
    if (candidate !== required && createRequire(import.meta.url)('node:fs').existsSync(candidate)) return candidate;
  }
  return required;
}
const loadTesting = (name) => import(pathToFileURL(fromTesting.resolve(name).replace(/\.cjs$/, '.mjs')).href);

const api = await import(pathToFileURL(fromAdapter.resolve('@opentelemetry/api').replace(/\.cjs$/, '.mjs')).href);
const { context, trace } = api;
let ended = 0;
if (mode !== 'no SDK') {
  const { TracerProvider } = await loadTesting('@opentelemetry/sdk-trace');
  const { AsyncLocalStorageContextManager } = await loadTesting('@opentelemetry/context-async-hooks');
  const count = {
    onStart() {},
    onEnd: () => void (ended += 1),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [count] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}
const parent =
  mode === 'not sampled'
    ? trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 0 })
    : trace.getTracer('bench').startSpan('program');

if (variant === 'ours') {
  const module = await import(pathToFileURL(path.join(folder, 'dist', 'index.mjs')).href);
  module[adapter]().enable();
}
const { call, stop } = await start({ load, address });
const traced = variant === 'by hand' ? byHand(call, hand({ address })) : call;

function byHand(original, { name, kind, before, after }) {
  const tracer = trace.getTracer('bench');
  return async () => {
    const span = tracer.startSpan(name, { kind, attributes: before });
    try {
      const result = await original();
      if (span.isRecording()) span.setAttributes(after(result));
      return result;
    } catch (error) {
      span.setStatus({ code: 2 });
      throw error;
    } finally {
      span.end();
    }
  };
}

process.on('message', async (count) => {
  if (count === 0) {
    await stop();
    process.disconnect();
    return;
  }
  ended = 0;
  await context.with(trace.setSpan(context.active(), parent), async () => {
    const before = process.threadCpuUsage();
    for (let index = 0; index < count; index += together) {
      if (together === 1) await traced();
      else await Promise.all(Array.from({ length: together }, traced));
    }
    const { user, system } = process.threadCpuUsage(before);
    process.send({ microseconds: (user + system) / count, spans: ended / count });
  });
});
process.send('ready');
