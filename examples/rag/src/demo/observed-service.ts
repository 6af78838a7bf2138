// The service as it is, in a child of the demo, which asks it over the process's channel what was traced.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { SpanStatusCode } from '@opentelemetry/api';
import { server, stop, tracing } from '../service.ts';

/** From the demo: a trace's id, or `report`. */
export type Question = { readonly trace: string } | 'report';

/** To the demo, in the order of its questions; `port` once, when the service listens. */
export type Answer =
  | { readonly port: number }
  | { readonly spans: readonly TracedSpan[] }
  | { readonly report: string };

export interface TracedSpan {
  readonly name: string;
  readonly id: string;
  readonly parentId: string | undefined;
  readonly failed: boolean;
  readonly startMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

function spansOf(traceId: string): readonly TracedSpan[] {
  return tracing
    .spans()
    .filter((span) => span.spanContext().traceId === traceId)
    .map((span) => ({
      name: span.name,
      id: span.spanContext().spanId,
      parentId: span.parentSpanContext?.spanId,
      failed: span.status.code === SpanStatusCode.ERROR,
      startMs: span.startTime[0] * 1000 + span.startTime[1] / 1e6,
      attributes: { ...span.attributes },
    }));
}

/** The answer to a request arrives a moment before its span ends. */
async function whole(traceId: string): Promise<readonly TracedSpan[]> {
  const patience = Date.now() + 5000;
  for (;;) {
    const spans = spansOf(traceId);
    if (spans.some(({ parentId }) => parentId === undefined) || Date.now() > patience) return spans;
    await pause(2);
  }
}

function answer(value: Answer): void {
  // What the console exporter printed is out before the demo goes on.
  process.stdout.write('', () => process.send?.(value));
}

process.on('message', (question: Question) => {
  if (question === 'report') answer({ report: String(tracing.report()) });
  else void whole(question.trace).then((spans) => answer({ spans }));
});
process.once('disconnect', () => void stop());

if (!server.listening) await once(server, 'listening');
answer({ port: (server.address() as AddressInfo).port });
