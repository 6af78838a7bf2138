import { hasDockerEngine, startContainer } from './docker.mjs';
import { freePorts } from './port.mjs';
import { startDetached } from './process.mjs';
import { programOnPath } from './program.mjs';
import { answers, findRedisServer, redisServer, urlOf } from './redis-program.mjs';
import { Unavailable } from './unavailable.mjs';

export const redis = {
  name: 'redis',
  byDefault: true,
  environment: 'THROUGHLINE_REDIS_URL',
  patience: 90_000,
  start,
  answers,
};

/** One server. */
export async function planRedis(folder, { args } = {}) {
  const program = await findRedisServer();
  const [port] = await freePorts(1);
  return { servers: [redisServer(program, folder, port, args)], answers };
}

async function start(folder) {
  if (!programOnPath('redis-server') && (await hasDockerEngine())) {
    const [port] = await freePorts(1);
    const container = await startContainer('redis', 'redis:7-alpine', { ports: { 6379: port } });
    return { url: urlOf(port), how: 'Docker', ...container };
  }
  try {
    const { servers } = await planRedis(folder);
    return { url: servers[0].url, how: servers[0].program, ...(await startDetached(servers[0])) };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    throw new Unavailable(`${error.message}, start Docker, or set THROUGHLINE_REDIS_URL`);
  }
}
