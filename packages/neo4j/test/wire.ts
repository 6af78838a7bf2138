import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A server of the Bolt protocol in front of a real one: it says what the driver sent, and can fail a query itself. */
export interface Wire {
  readonly url: string;
  /** The names of the messages of a program's own doing, in the order in which they were sent: `['RUN', 'PULL']`. */
  sent(): readonly string[];
  /** Resolves once the driver has sent one of these since the last `sent()`. */
  until(name: string): Promise<void>;
  /** Resolves once the server has answered all that was sent. */
  answered(): Promise<void>;
  /** Answers the next RUN with a failure that the driver may answer by sending it again; the real server never sees it. */
  failNextRun(): void;
  /** Cuts all connections. */
  cut(): void;
  close(): Promise<void>;
}

const NAMES: Readonly<Record<number, string>> = {
  0x0f: 'RESET',
  0x10: 'RUN',
  0x11: 'BEGIN',
  0x12: 'COMMIT',
  0x13: 'ROLLBACK',
  0x2f: 'DISCARD',
  0x3f: 'PULL',
};

const GOODBYE = 0x02;
const RECORD = 0x71;

export async function startWire(target: string): Promise<Wire> {
  const { hostname, port } = new URL(target);
  let sent: string[] = [];
  let waiting: { readonly name: string; resolve(): void }[] = [];
  let failing = false;
  let unanswered = 0;
  const idle: (() => void)[] = [];
  const answer = (count: number): void => {
    unanswered -= count;
    if (unanswered <= 0) for (const resolve of idle.splice(0)) resolve();
  };
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const real = connect(Number(port), hostname);
    for (const socket of [client, real]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        real.destroy();
      });
    }
    let failed = false;
    let handshake = 20;
    let pending = Buffer.alloc(0);
    real.once('data', (first) => {
      // A server that knows the newer handshake has the driver choose: a version and its capabilities.
      if (first.readUInt32BE(0) === 0x1ff) handshake = 5;
    });
    let answers: Buffer | undefined;
    real.on('data', (data) => {
      client.write(data);
      // Its first words are the handshake's, and it waits for the client then.
      answers = answers === undefined ? Buffer.alloc(0) : Buffer.concat([answers, data]);
      for (let end = endOfMessage(answers); end !== undefined; end = endOfMessage(answers)) {
        if (answers[3] !== RECORD) answer(1);
        answers = answers.subarray(end);
      }
    });
    client.on('data', (data) => {
      pending = Buffer.concat([pending, data]);
      if (handshake > 0) {
        const part = pending.subarray(0, handshake);
        if (part.length < handshake) return;
        pending = pending.subarray(handshake);
        handshake = 0;
        real.write(part);
      }
      for (let end = endOfMessage(pending); end !== undefined; end = endOfMessage(pending)) {
        const message = pending.subarray(0, end);
        pending = pending.subarray(end);
        const name = NAMES[message[3] ?? 0];
        if (message[3] !== GOODBYE) unanswered += 1;
        if (name !== undefined) sent.push(name);
        for (const one of waiting.filter((entry) => entry.name === name)) one.resolve();
        waiting = waiting.filter((entry) => entry.name !== name);
        if (name === 'RUN' && failing) {
          failing = false;
          failed = true;
          client.write(FAILURE);
          answer(1);
        } else if (name === 'PULL' && failed) {
          client.write(IGNORED);
          answer(1);
        } else {
          failed = false;
          real.write(message);
        }
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `bolt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sent() {
      const all = sent;
      sent = [];
      return all;
    },
    until: (name) =>
      sent.includes(name)
        ? Promise.resolve()
        : new Promise((resolve) => {
            waiting.push({ name, resolve });
          }),
    answered: () =>
      unanswered <= 0
        ? Promise.resolve()
        : new Promise((resolve) => {
            idle.push(resolve);
          }),
    failNextRun() {
      failing = true;
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A message is chunks, each with its length before it, and an empty one. */
function endOfMessage(data: Buffer): number | undefined {
  let at = 0;
  while (at + 2 <= data.length) {
    const length = data.readUInt16BE(at);
    at += 2 + length;
    if (at > data.length) return undefined;
    if (length === 0) return at;
  }
  return undefined;
}

/** PackStream: what a failure needs of it. */
function pack(value: boolean | string | object): Buffer {
  if (typeof value === 'boolean') return Buffer.of(value ? 0xc3 : 0xc2);
  if (typeof value === 'string') return Buffer.concat([Buffer.of(0xd0, Buffer.byteLength(value)), Buffer.from(value)]);
  const entries = Object.entries(value) as [string, boolean | string | object][];
  return Buffer.concat([
    Buffer.of(0xa0 + entries.length),
    ...entries.flatMap(([key, entry]) => [pack(key), pack(entry)]),
  ]);
}

function chunk(message: Buffer): Buffer {
  return Buffer.concat([Buffer.of(message.length >> 8, message.length & 255), message, Buffer.of(0, 0)]);
}

const FAILURE = chunk(
  Buffer.concat([
    Buffer.of(0xb1, 0x7f),
    pack({
      neo4j_code: 'Neo.TransientError.General.DatabaseUnavailable',
      message: 'not now',
      gql_status: '08N09',
      description: 'not now',
      diagnostic_record: {
        OPERATION: '',
        OPERATION_CODE: '0',
        CURRENT_SCHEMA: '/',
        _classification: 'TRANSIENT_ERROR',
        _idempotent: true,
      },
    }),
  ]),
);
const IGNORED = chunk(Buffer.of(0xb0, 0x7e));
