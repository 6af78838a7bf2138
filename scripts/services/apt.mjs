import { programOnPath, run } from './program.mjs';

/** Only root on Debian and its kin: nobody is asked for a password. */
export function canInstall() {
  return process.getuid?.() === 0 && programOnPath('apt-get') !== undefined;
}

/** `install('openjdk-17-jre-headless', 'maven')`; rejects when a package does not exist. */
export async function install(...packages) {
  const args = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=180', ...packages];
  try {
    await run('apt-get', args, { env: quiet });
  } catch {
    await run('apt-get', ['update'], { env: quiet });
    await run('apt-get', args, { env: quiet });
  }
}

/** RUNLEVEL=1 keeps a package from starting its own service: we start ours, on a free port. */
const quiet = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
