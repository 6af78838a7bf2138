import { trace } from '@opentelemetry/api';
import { describeWithService } from '@throughline/testing';
import { expect, it, vi } from 'vitest';
import { startTracing } from '../src/index.js';

describeWithService('jaeger', 'otlp on a real Jaeger', ({ url, query = '' }) => {
  it('shows the trace that was sent', async () => {
    vi.stubEnv('OTEL_NODE_ENABLED_INSTRUMENTATIONS', 'none');
    const serviceName = `sdk-test-${process.pid}`;
    const { flush, shutdown } = startTracing({ exporter: 'otlp', endpoint: url, serviceName, metrics: false });
    const traceId = trace.getTracer('test').startActiveSpan('request', (request) => {
      trace.getTracer('test').startSpan('inside').end();
      request.end();
      return request.spanContext().traceId;
    });
    await flush();
    await shutdown();
    vi.unstubAllEnvs();
    const found = await vi.waitUntil(async () => {
      const { data } = (await (await fetch(`${query}/api/traces/${traceId}`)).json()) as {
        data:
          | readonly {
              spans: readonly { operationName: string }[];
              processes: Record<string, { serviceName: string }>;
            }[]
          | null;
      };
      return data?.[0]?.spans.length === 2 ? data[0] : undefined;
    }, 40_000);
    expect(found.spans.map((span) => span.operationName).toSorted()).toEqual(['inside', 'request']);
    expect(Object.values(found.processes)).toMatchObject([{ serviceName }]);
  });
});
