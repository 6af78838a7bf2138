import { contentPolicy } from '../src/content.js';
import { telemetry } from '../src/telemetry.js';
import type { Telemetry, TelemetrySources } from '../src/telemetry.js';

/** What an instrumentation named `test` would start executions with. */
export function testTelemetry(over: Partial<TelemetrySources> = {}): Telemetry {
  return telemetry({
    name: 'test',
    scope: { name: 'test', version: '1.0.0' },
    content: contentPolicy({ captureContent: false, limit: 1000 }),
    baggageAttributes: [],
    parentShortcut: true,
    enabled: () => true,
    noteConflict: () => {},
    tracerProvider: () => undefined,
    meterProvider: () => undefined,
    ...over,
  });
}
