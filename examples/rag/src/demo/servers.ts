import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../../../../', import.meta.url);
const names = ['redis', 'neo4j-5'] as const;

export interface Servers {
  readonly redis: State;
  readonly neo4j: State;
  /** Stops what was not running before. */
  stop(): Promise<void>;
}

/** Where a server is, or why there is none. */
export type State = { readonly url: string } | { readonly unavailable: string };

export const noServers: Servers = {
  redis: { unavailable: 'not started' },
  neo4j: { unavailable: 'not started' },
  async stop() {},
};

/** Starts Redis and Neo4j by the repository's own script; what it says goes to stderr. */
export async function startServers(): Promise<Servers> {
  const before = addresses();
  await services('up', names);
  const now = addresses();
  const state = (name: string): State => now[name] ?? { unavailable: 'it could not be started' };
  const started = names.filter((name) => !isRunning(before[name]) && isRunning(now[name]));
  return {
    redis: state('redis'),
    neo4j: state('neo4j-5'),
    stop: () => (started.length > 0 ? services('down', started) : Promise.resolve()),
  };
}

export function isRunning(state: State | undefined): state is { readonly url: string } {
  return state !== undefined && 'url' in state;
}

async function services(word: 'up' | 'down', which: readonly string[]): Promise<void> {
  const script = fileURLToPath(new URL('scripts/services/index.mjs', root));
  const child = spawn(process.execPath, [script, word, ...which], { stdio: ['ignore', 2, 2] });
  await once(child, 'exit');
}

function addresses(): Record<string, State> {
  try {
    return JSON.parse(readFileSync(new URL('.services/addresses.json', root), 'utf8')) as Record<string, State>;
  } catch {
    return {};
  }
}
