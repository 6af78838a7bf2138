import { connect as connectPlain, createServer } from 'node:net';
import { connect as connectEncrypted } from 'node:tls';

/** `count` different ports that are free now: all are held until the last is known. */
export async function freePorts(count) {
  const servers = await Promise.all(Array.from({ length: count }, listen));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function listen() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

/**
 * Speaks with the server at `url`: sends what `reply(received)` returns, until it returns true
 * (the server answers) or false (it does not). Undefined waits for more bytes.
 */
export function converse(url, opening, reply, timeout = 10_000) {
  const { protocol, hostname, port } = new URL(url);
  const address = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
  // `bolt+ssc:`, Neo4j's name for TLS with a self-made certificate.
  const encrypted = protocol.endsWith('+ssc:');
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const socket = encrypted ? connectEncrypted({ ...address, rejectUnauthorized: false }) : connectPlain(address);
    const end = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeout, () => end(false));
    socket.on('error', () => end(false)).on('close', () => end(false));
    socket.on(encrypted ? 'secureConnect' : 'connect', () => socket.write(opening));
    socket.on('data', (bytes) => {
      received = Buffer.concat([received, bytes]);
      const next = reply(received);
      if (typeof next === 'boolean') return end(next);
      if (next === undefined) return;
      received = Buffer.alloc(0);
      socket.write(next);
    });
  });
}
