import { createHash } from 'node:crypto';
import { servicesFolder } from './folder.mjs';
import { programOnPath, run } from './program.mjs';

let engine;

/** The command alone proves nothing: many machines have it without an engine that answers. */
export function hasDockerEngine() {
  engine ??= programOnPath('docker')
    ? run('docker', ['version', '--format', '{{.Server.Os}}'], { timeout: 10_000 }).then(
        (os) => os.trim() === 'linux',
        () => false,
      )
    : Promise.resolve(false);
  return engine;
}

/** Another checkout on the same machine has other containers. */
export async function startContainer(name, image, { ports, env = {} }) {
  const checkout = createHash('sha256').update(servicesFolder).digest('hex').slice(0, 8);
  const container = `throughline-${checkout}-${name}`;
  await stopContainer(container);
  const published = Object.entries(ports).flatMap(([inside, outside]) => ['-p', `127.0.0.1:${outside}:${inside}`]);
  const variables = Object.entries(env).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
  await run('docker', ['run', '-d', '--rm', '--name', container, ...published, ...variables, image]);
  return { container };
}

export async function isContainerRunning(container) {
  try {
    return (await run('docker', ['inspect', '-f', '{{.State.Running}}', container])).trim() === 'true';
  } catch {
    return false;
  }
}

export async function stopContainer(container) {
  await run('docker', ['rm', '-f', container]).catch(() => {});
}
