import { join } from 'node:path';
import { canInstall, install } from './apt.mjs';
import { hasDockerEngine, startContainer } from './docker.mjs';
import { converse, freePorts } from './port.mjs';
import { startDetached } from './process.mjs';
import { programOnPath } from './program.mjs';
import { Unavailable } from './unavailable.mjs';

export const redis = {
  name: 'redis',
  byDefault: true,
  environment: 'THROUGHLINE_REDIS_URL',
  patience: 90_000,
  start,
  answers,
};

async function start(folder) {
  const [port] = await freePorts(1);
  const url = `redis://127.0.0.1:${port}`;

  const program = programOnPath('redis-server');
  if (program) return { url, how: 'redis-server on PATH', ...(await startProgram(program, folder, port)) };

  if (await hasDockerEngine())
    return { url, how: 'Docker', ...(await startContainer('redis', 'redis:7-alpine', { ports: { 6379: port } })) };

  if (canInstall()) {
    await install('redis-server');
    const installed = programOnPath('redis-server');
    if (installed) return { url, how: 'apt-get install', ...(await startProgram(installed, folder, port)) };
  }
  throw new Unavailable(
    'no redis-server on PATH, no Docker engine and no root on Debian; ' +
      'install Redis 7 (`apt-get install redis-server`, `brew install redis`), start Docker, or set THROUGHLINE_REDIS_URL',
  );
}

function startProgram(program, folder, port) {
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  return startDetached(program, settings, { cwd: folder, log: join(folder, 'redis.log') });
}

/** `-NOAUTH` is an answer too: the password is the test's business. A server still loading says `-LOADING`. */
function answers(url) {
  return converse(url, 'PING\r\n', (received) => {
    const text = received.toString('latin1');
    return text.includes('\r\n') ? text.startsWith('+PONG') || text.startsWith('-NOAUTH') : undefined;
  });
}
