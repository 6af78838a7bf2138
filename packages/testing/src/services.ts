import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type ServiceName = 'redis' | 'redis-cluster' | 'redis-sentinel' | 'neo4j-5' | 'neo4j-2026' | 'jaeger';

export interface Service {
  /** A cluster's first node; one of the sentinels. */
  readonly url: string;
  /** All nodes of a cluster; the master, called `main`, and the replica behind a sentinel. */
  readonly urls?: readonly string[];
  /** Jaeger's JSON API, beside the OTLP address. */
  readonly query?: string;
}

export type ServiceState = Service | { readonly unavailable: string };

/** The running server, from the addresses that `pnpm services up` has written; throws with the reason when there is none. */
export function service(name: ServiceName): Service {
  const state = serviceState(name);
  if ('unavailable' in state) throw new Error(`${name} is not available: ${state.unavailable}`);
  return state;
}

export function serviceState(name: ServiceName): ServiceState {
  const path = addressesAbove(import.meta.dirname) ?? addressesAbove(process.cwd());
  if (path === undefined) return { unavailable: `no server was started; run: pnpm services up ${name}` };
  const addresses = JSON.parse(readFileSync(path, 'utf8')) as Partial<Record<ServiceName, ServiceState>>;
  return addresses[name] ?? { unavailable: `it was not started; run: pnpm services up ${name}` };
}

function addressesAbove(folder: string): string | undefined {
  const path = join(folder, '.services', 'addresses.json');
  if (existsSync(path)) return path;
  const parent = dirname(folder);
  return parent === folder ? undefined : addressesAbove(parent);
}
