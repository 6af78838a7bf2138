import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from './seeded-random.js';

/**
 * What happens to a connection.
 * - `delay`: the answer waits for `ms`, and everything after it.
 * - `reset`: broken off at once (RST); the server sees nothing of what came with it.
 * - `close`: closed in order (FIN), also before the server sees anything.
 * - `cut`: `after` bytes of the answer pass, then it is closed.
 * - `stall`: nothing passes any more, in either direction, and the connection stays open.
 */
export type ConnectionFault =
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'reset' | 'close' | 'stall' }
  | { readonly kind: 'cut'; readonly after: number };

/** What a rule knows when it chooses. */
export interface Passing {
  /** 0 for the proxy's first connection. */
  readonly connection: number;
  /** How many pieces the client has sent on it before this one. */
  readonly piece: number;
  /** What the client sends; empty when it has just connected. */
  readonly bytes: Buffer;
  /** The connection's own random numbers, the same ones in every run with the same seed. */
  random(): number;
}

/** Called when a client connects and with each piece that it sends, before the server gets it. */
export type FaultRule = (passing: Passing) => ConnectionFault | undefined;

export interface FaultProxy extends AsyncDisposable {
  /** The server's address with the proxy's port. */
  readonly url: string;
  /** Connections that clients have made, and those that are open. */
  connections(): { readonly made: number; readonly open: number };
  /** Replaces the rule; undefined lets everything pass. Holds for what comes from now on. */
  setRule(rule: FaultRule | undefined): void;
  /** Breaks all open connections off (RST). */
  reset(): void;
  /** Stops listening, so that the system refuses new connections; open ones stay. `accept` listens again. */
  refuse(): void;
  accept(): Promise<void>;
}

/** A TCP proxy in front of the server at `target` that does to its connections what `rule` says. */
export async function startFaultProxy(
  target: string,
  options: { readonly rule?: FaultRule; readonly seed?: number } = {},
): Promise<FaultProxy> {
  const { seed = 1 } = options;
  let { rule } = options;
  let made = 0;
  const open = new Set<Socket>();
  const address = new URL(target);
  // Half open, as the server would be: a client may end its side and still read.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    open.add(client);
    client.once('close', () => open.delete(client));
    const connection = made;
    made += 1;
    const random = seededRandom(seed + connection);
    let piece = 0;
    const choose = (bytes: Buffer): ConnectionFault | undefined => {
      const fault = rule?.({ connection, piece, bytes, random });
      if (bytes.length > 0) piece += 1;
      return fault;
    };
    relay(client, () => dial(address), choose);
  });
  const listen = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const reset = (): void => {
    for (const client of open) breakOff(client);
  };
  return {
    url: target.replace(address.host, `127.0.0.1:${port}`),
    connections: () => ({ made, open: open.size }),
    setRule(next) {
      rule = next;
    },
    reset,
    // Listening ends at once; what `close` calls back for is the end of the last connection.
    refuse: () => void server.close(),
    accept: () => listen(port),
    async [Symbol.asyncDispose]() {
      reset();
      if (server.listening) server.close();
      if (open.size > 0) await once(server, 'close');
    },
  };
}

function dial({ hostname, port }: URL): Socket {
  return connect({
    host: hostname.replaceAll(/^\[|\]$/g, ''),
    port: Number(port),
    allowHalfOpen: true,
    noDelay: true,
  });
}

function relay(client: Socket, dialServer: () => Socket, choose: (bytes: Buffer) => ConnectionFault | undefined): void {
  /** Settles when the answer may go on. */
  let gate: Promise<unknown> = Promise.resolve();
  /** How many bytes of the answer may still pass. */
  let allowance = Infinity;
  let stalled = false;
  let over = false;
  client.on('error', () => {});

  /** Whether what came with it reaches the server. */
  const suffer = (fault: ConnectionFault | undefined): boolean => {
    if (fault?.kind === 'delay') gate = Promise.all([gate, sleep(fault.ms)]);
    if (fault?.kind === 'cut') allowance = fault.after;
    if (fault?.kind === 'stall') stalled = true;
    over ||= fault?.kind === 'reset' || fault?.kind === 'close';
    if (fault?.kind === 'reset') breakOff(client);
    if (fault?.kind === 'close') client.destroySoon();
    return !stalled && !over;
  };

  suffer(choose(nothing));
  if (over) return;
  const server = dialServer();
  server.on('error', () => breakOff(client));
  client.once('close', () => server.destroy());
  void forward(client, server, (bytes) => (suffer(choose(bytes)) ? bytes : nothing));
  void forward(server, client, async (bytes) => {
    await gate;
    if (stalled) return nothing;
    const part = bytes.subarray(0, allowance);
    allowance -= part.length;
    if (allowance === 0) setImmediate(() => client.destroySoon());
    return part;
  });
}

/** While the end of a socket is being sent, Node 26 cannot reset it, and would neither close it nor ever exit. */
function breakOff(socket: Socket): void {
  if (socket.writableEnded && !socket.writableFinished) socket.destroy();
  else socket.resetAndDestroy();
}

const nothing = Buffer.alloc(0);

/** Passes on what `from` sends, no faster than `to` takes it, and its end. */
async function forward(from: Socket, to: Socket, pass: (bytes: Buffer) => Buffer | Promise<Buffer>): Promise<void> {
  try {
    // The end of one direction is not the end of the other.
    for await (const bytes of from.iterator({ destroyOnReturn: false })) {
      const part = await pass(bytes as Buffer);
      if (part.length > 0 && to.writable && !to.write(part)) await roomIn(to);
    }
    to.end();
  } catch {
    // Broken off; whoever listens to its error or its close has seen to the other side.
  }
}

async function roomIn(socket: Socket): Promise<void> {
  const settled = new AbortController();
  const { signal } = settled;
  await Promise.race([once(socket, 'drain', { signal }), once(socket, 'close', { signal })]).finally(() =>
    settled.abort(),
  );
}
