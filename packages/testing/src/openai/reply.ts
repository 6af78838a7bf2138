import type { Fault, TokenUsage } from './script.js';

/** An answer ready to be written. */
export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Server-sent events, or one whole body. */
  readonly chunks: readonly string[];
  /** How it ends after its chunks; without headers nothing is written at all. */
  readonly ending: 'end' | 'cut' | 'stall' | 'hangUp' | 'silent';
  readonly usage: TokenUsage | undefined;
  readonly msPerChunk?: number;
}

export function json(body: unknown, usage?: TokenUsage, status = 200): Reply {
  return { status, contentType: 'application/json', chunks: [JSON.stringify(body)], ending: 'end', usage };
}

export function eventStream(chunks: readonly string[], usage: TokenUsage | undefined): Reply {
  return { status: 200, contentType: 'text/event-stream; charset=utf-8', chunks, ending: 'end', usage };
}

export function sse(data: unknown, event?: string): string {
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

/** `errorEvent` is how this API reports an error inside a stream. */
export function withFault(reply: Reply, fault: Fault | undefined, errorEvent: string): Reply {
  if (fault === undefined) return reply;
  if (!('after' in fault)) return { ...reply, chunks: [], ending: fault.kind };
  const isStream = reply.contentType.startsWith('text/event-stream');
  const before = isStream ? reply.chunks.slice(0, fault.after) : halfOf(reply.chunks, fault.after);
  switch (fault.kind) {
    case 'malformed':
      return { ...reply, chunks: isStream ? [...before, 'data: {"id":"broken","choi\n\n'] : halfOf(reply.chunks, 1) };
    case 'error':
      return isStream ? { ...reply, chunks: [...before, errorEvent] } : reply;
    default:
      return { ...reply, chunks: before, ending: fault.kind };
  }
}

function halfOf(chunks: readonly string[], after: number): readonly string[] {
  const whole = chunks.join('');
  return after === 0 ? [] : [whole.slice(0, whole.length / 2)];
}
