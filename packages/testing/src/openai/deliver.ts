import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { GateKeeper } from './gate.js';
import type { Reply } from './reply.js';

/**
 * Writes a reply until it ends or the client closes; `onWritten` is told of every chunk that the client was
 * still there for. A slow client is waited for, so that what it has not read is not written either.
 */
export async function deliver(
  reply: Reply,
  response: ServerResponse,
  gate: () => GateKeeper | undefined,
  onWritten: () => void,
): Promise<void> {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  const untilClosed = new Promise<void>((resolve) => response.once('close', resolve));

  if (reply.ending === 'silent') return untilClosed;
  if (reply.ending === 'hangUp') return void response.socket?.destroy();

  response.writeHead(reply.status, { 'content-type': reply.contentType, ...reply.headers });
  if (isStream(reply) || reply.ending !== 'end') response.flushHeaders();

  for (const chunk of reply.chunks) {
    await Promise.race([gate()?.pass(), untilClosed]);
    if (reply.msPerChunk !== undefined) await wait(reply.msPerChunk, undefined, closed).catch(() => {});
    if (closed.signal.aborted) return;
    const flowing = response.write(chunk);
    onWritten();
    if (!flowing) await once(response, 'drain', closed).catch(() => {});
  }
  if (reply.ending === 'stall') return untilClosed;
  if (reply.ending === 'end') return void response.end();
  // The chunks before the cut must leave first. Without any, the headers are all there is to send.
  if (reply.chunks.length > 0) await new Promise<void>((resolve) => response.write('', () => resolve()));
  response.socket?.destroy();
}

function isStream(reply: Reply): boolean {
  return reply.contentType.startsWith('text/event-stream');
}
