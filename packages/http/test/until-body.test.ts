import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { context } from '@opentelemetry/api';
import { describe, expect, it } from 'vitest';
import { clients } from './clients.js';
import { afterwards, record, serve } from './recording.js';

const untilBody = { server: false, untilBody: true };

/** Resolves when a client has the head of an answer, after those who listened before. */
function headArrived(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['undici:request:headers', 'http.client.response.finish']) {
      const arrived = (): void => resolve();
      subscribe(name, arrived);
      afterwards(() => unsubscribe(name, arrived));
    }
  });
}

describe.each(clients)('%s, with untilBody', (_, ask) => {
  it('the span lasts until the body has arrived', async () => {
    const { ended, open } = record(untilBody);
    const head = headArrived();
    let during = 0;
    const { url } = await serve((__, response) => {
      response.write('hel');
      void head.then(() => {
        during = open();
        response.end('lo');
      });
    });
    expect(await ask(url)).toEqual({ status: 200, body: 'hello' });
    const [span] = await ended(1);
    expect(during).toBe(1);
    expect(span).toMatchObject({ status: 'UNSET', attributes: { 'http.response.status_code': 200 } });
    expect(open()).toBe(0);
  });

  it('a body that breaks off is an error, with the status that had come', async () => {
    const { ended } = record(untilBody);
    const { url } = await serve((request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('hel', () => request.socket.destroy());
    });
    await ask(url).catch(() => {});
    const [span] = await ended(1);
    expect(span).toMatchObject({ status: 'ERROR', attributes: { 'http.response.status_code': 200 } });
    expect(['ECONNRESET', 'UND_ERR_SOCKET']).toContain(span?.attributes['error.type']);
  });

  it('a failed request and one that is suppressed leave nothing open', async () => {
    const { open, spans } = record(untilBody);
    const { url } = await serve((request, response) => {
      if (request.url === '/cut') request.socket.destroy();
      else response.writeHead(500).end();
    });
    await ask(`${url}/cut`).catch(() => {});
    await ask(url);
    const key = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');
    await context.with(context.active().setValue(key, true), () => ask(url));
    expect([spans().length, open()]).toEqual([2, 0]);
  });
});

// A stream answers only when its body has, and the pool of that client does not live as long as a body.
describe.each(clients.filter(([title]) => !/stream|Pool/.test(title)))('%s, with untilBody', (_, ask) => {
  it.each([
    ['an abort', undefined],
    ["an abort with the program's own reason", new Error('SECRET')],
  ])('a body that is left by %s is no error', async (__, reason) => {
    const { ended } = record(untilBody);
    const controller = new AbortController();
    const { url } = await serve((___, response) => {
      response.writeHead(200).write('hel');
    });
    await ask(url, { unread: true, signal: controller.signal });
    controller.abort(reason);
    const [span] = await ended(1);
    expect(span).toMatchObject({
      status: 'UNSET',
      attributes: { 'http.response.status_code': 200, 'throughline.cancelled': true },
    });
    expect(JSON.stringify(span)).not.toContain('SECRET');
  });
});
