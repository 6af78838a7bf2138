// One variant of one case, alive for the whole run: it makes as many calls as it is told and answers what they cost.
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { cases } from './cases.mjs';

const [caseName, variant, mode, address, sink] = process.argv.slice(2);
const { adapter, start, hand, together = 1 } = cases[caseName];
const repository = path.join(import.meta.dirname, '..', '..');
const folder = path.join(repository, 'packages', adapter);
const fromAdapter = createRequire(path.join(folder, 'package.json'));
const fromSdk = createRequire(path.join(repository, 'packages', 'sdk', 'package.json'));

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
const loadSdk = (name) => import(pathToFileURL(fromSdk.resolve(name).replace(/\.cjs$/, '.mjs')).href);

const api = await import(pathToFileURL(fromAdapter.resolve('@opentelemetry/api').replace(/\.cjs$/, '.mjs')).href);
const { context, trace } = api;
let ended = 0;
let flush = async () => {};
if (mode !== 'no SDK') {
  const { AlwaysOffSampler, BatchSpanProcessor, ParentBasedSampler, TracerProvider } =
    await loadSdk('@opentelemetry/sdk-trace');
  const { AsyncLocalStorageContextManager } = await loadSdk('@opentelemetry/context-async-hooks');
  const count = {
    onStart() {},
    onEnd: () => void (ended += 1),
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const spanProcessors = [count];
  if (mode === 'exported') {
    const batches = new BatchSpanProcessor({ exporter: await otlpExporter(), maxQueueSize: 100_000 });
    flush = () => batches.forceFlush();
    spanProcessors.push(batches);
  }
  const sampler = new ParentBasedSampler({ root: new AlwaysOffSampler() });
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors, ...(mode === 'not sampled' && { sampler }) }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
}
const UNSAMPLED = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 0 };
const parent = mode.includes('sampled')
  ? trace.wrapSpanContext(UNSAMPLED)
  : trace.getTracer('bench').startSpan('program');

if (variant === 'ours') {
  const module = await import(pathToFileURL(path.join(folder, 'dist', 'index.mjs')).href);
  module[adapter]({ parentShortcut: mode !== 'not sampled' }).enable();
}
// Without `hand`, the case itself makes the span by hand, with the API that it is given.
const { call, stop } = await start({ load, address, ...(variant === 'by hand' && { api }) });
const traced = variant === 'by hand' && hand !== undefined ? byHand(call, hand({ address })) : call;

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

/** OTLP as protobuf, to a receiver that reads nothing: what sending costs the program's thread. */
async function otlpExporter() {
  const { ProtobufTraceSerializer } = await loadSdk('@opentelemetry/otlp-transformer');
  const http = await import('node:http');
  const agent = new http.Agent({ keepAlive: true });
  return {
    export(spans, done) {
      const body = ProtobufTraceSerializer.serializeRequest(spans);
      http
        .request(sink, { method: 'POST', agent }, (response) => response.resume().on('end', () => done({ code: 0 })))
        .on('error', (error) => done({ code: 1, error }))
        .end(body);
    },
    forceFlush: async () => {},
    shutdown: async () => {},
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
    await flush();
    const { user, system } = process.threadCpuUsage(before);
    process.send({ microseconds: (user + system) / count, spans: ended / count });
  });
});
process.send('ready');
