import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './program.mjs';

/** A self-made certificate of 127.0.0.1 and localhost and its key, as PEM files in `folder`. */
export async function makeCertificate(folder) {
  mkdirSync(folder, { recursive: true });
  const [key, certificate] = ['private.key', 'public.crt'];
  const request = 'req -x509 -newkey rsa:2048 -nodes -sha256 -days 2 -subj /CN=localhost'.split(' ');
  const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  await run('openssl', [...request, ...names, '-keyout', join(folder, key), '-out', join(folder, certificate)]);
  return { folder, key, certificate };
}
