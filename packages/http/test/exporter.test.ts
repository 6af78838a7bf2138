import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { expect, it } from 'vitest';
import { record, serve } from './recording.js';

it('the requests of the OTLP exporter give no span', async () => {
  const { spans, open } = record();
  const collector = await serve((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
  const provider = new TracerProvider({
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url: collector.url }) })],
  });
  provider.getTracer('program').startSpan('exported').end();
  await provider.forceFlush();
  await provider.shutdown();
  expect(collector.requests).toHaveLength(1);
  expect(spans().filter(({ attributes }) => 'url.full' in attributes)).toEqual([]);
  expect(collector.requests[0]?.headers.map(([name]) => name)).not.toContain('traceparent');
  expect(open()).toBe(0);
});
