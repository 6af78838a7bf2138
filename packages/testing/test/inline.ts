import { once } from 'node:events';
import { connect } from 'node:net';

/** What a Redis server replies to one command, up to the end of its first packet; an error when it cannot be reached. */
export async function inline(url: string, command: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, 'connect');
    socket.write(`${command}\r\n`);
    const [reply] = (await once(socket, 'data')) as [Buffer];
    return reply.toString('utf8').trim();
  } finally {
    socket.destroy();
  }
}
