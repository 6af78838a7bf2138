import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { canInstall, install } from './apt.mjs';
import { converse } from './port.mjs';
import { programOnPath } from './program.mjs';
import { Unavailable } from './unavailable.mjs';
import { until } from './until.mjs';

/** The redis-server of this machine, installed when that takes no password; throws Unavailable. */
export async function findRedisServer() {
  const program = programOnPath('redis-server');
  if (program) return program;
  if (canInstall()) await install('redis-server');
  const installed = programOnPath('redis-server');
  if (installed) return installed;
  throw new Unavailable(
    'no redis-server on PATH and no root on Debian to install it; ' +
      'install Redis 7 (`apt-get install redis-server`, `brew install redis`)',
  );
}

/** A server that keeps nothing on disk but, in a cluster, its place in it. */
export function redisServer(program, folder, port, args = []) {
  mkdirSync(folder, { recursive: true });
  return {
    url: urlOf(port),
    program,
    args: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...args],
    cwd: folder,
    log: join(folder, 'redis.log'),
  };
}

export function urlOf(port) {
  return `redis://127.0.0.1:${port}`;
}

/** `-NOAUTH` is an answer too: the password is the test's business. A server still loading says `-LOADING`. */
export async function answers(url) {
  const text = await ask(url, 'PING');
  return text.startsWith('+PONG') || text.startsWith('-NOAUTH');
}

/** What the server replies to a command without spaces in its words: a status, an error or one text; '' for no reply. */
export async function ask(url, command) {
  let reply = '';
  await converse(url, `${command}\r\n`, (received) => {
    reply = received.toString('latin1');
    const length = /^\$(\d+)\r\n/.exec(reply)?.[1];
    const complete = length === undefined ? reply.includes('\r\n') : reply.length >= Number(length) + length.length + 5;
    return complete || undefined;
  });
  return reply;
}

/** Asks until `accept` takes the reply. */
export function askUntil(url, command, accept) {
  return until(`${command} at ${url}`, async () => accept(await ask(url, command)));
}
