import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateProcess, type Launch, type PrivateServer } from './private-process.js';

export type { PrivateServer };

/** One server on a free port of 127.0.0.1, without data, that nobody else uses and that ends with the test. */
export interface OwnServer extends PrivateServer, AsyncDisposable {}

/** Servers that belong together; to stop, kill or restart them is to do so to all of them. */
export interface OwnServers extends Omit<PrivateServer, 'url'>, AsyncDisposable {
  readonly urls: readonly string[];
}

export interface OwnCluster extends OwnServers {
  /** Three masters; one may be killed alone. */
  readonly nodes: readonly PrivateServer[];
}

export interface OwnSentinel extends OwnServers {
  /** What the sentinels call the master. */
  readonly name: string;
  /** The master at first, and its replica: after a fail-over their roles have changed. */
  readonly master: PrivateServer;
  readonly replica: PrivateServer;
  readonly sentinels: readonly PrivateServer[];
}

export interface OwnNeo4j extends OwnServer {
  /** With `tls`: the path of the self-made certificate (PEM), for `trustedCertificates`. */
  readonly certificate: string | undefined;
}

/**
 * A Redis server; `args` are added to its command line: `['--requirepass', 'secret']`.
 * Suites that start one ask for the service `redis-cluster`, which is there wherever redis-server is.
 */
export async function startRedis(options: { readonly args?: readonly string[] } = {}): Promise<OwnServer> {
  const { planRedis } = await scripts('redis.mjs');
  return single(await start('redis', (folder) => planRedis(folder, options)));
}

/** Three masters that share the slots, without replicas. Takes about two seconds. */
export async function startRedisCluster(options: { readonly args?: readonly string[] } = {}): Promise<OwnCluster> {
  const { planCluster } = await scripts('redis-cluster.mjs');
  const { group, servers } = await start('redis-cluster', (folder) => planCluster(folder, options));
  return { ...group, nodes: servers };
}

/** A master, its replica, and sentinels (1 unless told) that promote the replica about two seconds after the master is gone. */
export async function startRedisSentinel(
  options: { readonly sentinels?: 1 | 3; readonly args?: readonly string[] } = {},
): Promise<OwnSentinel> {
  const { planSentinel, masterName } = await scripts('redis-sentinel.mjs');
  const { group, servers } = await start('redis-sentinel', (folder) => planSentinel(folder, options));
  const [master, replica, ...sentinels] = servers as [PrivateServer, PrivateServer, ...PrivateServer[]];
  return { ...group, urls: sentinels.map(({ url }) => url), name: masterName, master, replica, sentinels };
}

export interface Neo4jOptions {
  readonly version: '5' | '2026';
  /** The password of the user `neo4j`, of at least eight letters and digits; said nothing: no authentication. */
  readonly password?: string;
  /** Only encrypted connections, with a self-made certificate; the address begins with `bolt+ssc:`. */
  readonly tls?: boolean;
  /** More lines of neo4j.conf: `{ 'db.transaction.timeout': '1s' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A Neo4j server. Takes six to twenty seconds, and 350 MB; what it has stored survives its restart. */
export async function startNeo4j({ version, ...options }: Neo4jOptions): Promise<OwnNeo4j> {
  const { neo4j5, neo4j2026 } = await scripts('neo4j.mjs');
  const line = version === '5' ? neo4j5 : neo4j2026;
  const started = await start(`neo4j-${version}`, (folder) => line.plan(folder, options));
  return { ...single(started), certificate: started.plan.certificate };
}

/** What scripts/services makes of a folder: servers to launch side by side, when one answers, what brings them together. */
interface Plan {
  readonly servers: readonly Launch[];
  readonly certificate?: string | undefined;
  answers(url: string): Promise<boolean>;
  settle?(): Promise<void>;
}

interface Scripts {
  readonly 'redis.mjs': { planRedis(folder: string, options: object): Promise<Plan> };
  readonly 'redis-cluster.mjs': { planCluster(folder: string, options: object): Promise<Plan> };
  readonly 'redis-sentinel.mjs': {
    readonly masterName: string;
    planSentinel(folder: string, options: object): Promise<Plan>;
  };
  readonly 'neo4j.mjs': Record<'neo4j5' | 'neo4j2026', { plan(folder: string, options: object): Promise<Plan> }>;
}

/** Computed, so that the build leaves the scripts where they are: `src` and `dist` are equally deep. */
async function scripts<File extends keyof Scripts>(file: File): Promise<Scripts[File]> {
  const module: unknown = await import(new URL(`../../../scripts/services/${file}`, import.meta.url).href);
  return module as Scripts[File];
}

interface Started {
  readonly plan: Plan;
  readonly servers: readonly PrivateServer[];
  readonly group: OwnServers;
}

async function start(name: string, planIn: (folder: string) => Promise<Plan>): Promise<Started> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `throughline-${name}-`)));
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  let servers: readonly PrivateServer[] = [];
  const all = async (act: (server: PrivateServer) => Promise<void>): Promise<void> => {
    await Promise.all(servers.map(act));
  };
  const dispose = async (): Promise<void> => {
    await all((server) => server.kill());
    remove();
  };
  try {
    const plan = await planIn(folder);
    servers = plan.servers.map((launch) => privateProcess(launch, folder, (url) => plan.answers(url)));
    await all((server) => server.restart());
    await plan.settle?.();
    const group: OwnServers = {
      urls: servers.map(({ url }) => url),
      stop: () => all((server) => server.stop()),
      kill: () => all((server) => server.kill()),
      restart: () => all((server) => server.restart()),
      [Symbol.asyncDispose]: dispose,
    };
    return { plan, servers, group };
  } catch (error) {
    await dispose();
    throw error;
  }
}

function single({ servers, group }: Started): OwnServer {
  const [server] = servers as [PrivateServer];
  return { ...server, [Symbol.asyncDispose]: group[Symbol.asyncDispose] };
}
