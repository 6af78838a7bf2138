/**
 * CommonJS source of a span exporter without dependencies: it serves programs in both formats and of every
 * OpenTelemetry SDK. Written synchronously, so that a program that exits at once loses nothing.
 */
export const spansToFd3: string = `'use strict';
const { writeSync } = require('node:fs');

exports.exporter = {
  export(spans, done) {
    for (const span of spans) writeSync(3, JSON.stringify(line(span)) + '\\n');
    done({ code: 0 });
  },
  forceFlush: async () => {},
  shutdown: async () => {},
};

function line(span) {
  const { traceId, spanId } = span.spanContext();
  return {
    name: span.name,
    kind: span.kind,
    traceId,
    spanId,
    parentSpanId: span.parentSpanContext ? span.parentSpanContext.spanId : span.parentSpanId,
    scope: (span.instrumentationScope || span.instrumentationLibrary).name,
    attributes: span.attributes,
    status: span.status,
    events: span.events.map(({ name, attributes }) => ({ name, attributes })),
  };
}
`;
