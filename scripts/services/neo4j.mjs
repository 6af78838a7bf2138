import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canInstall, install } from './apt.mjs';
import { runsQueries } from './bolt.mjs';
import { hasDockerEngine, startContainer } from './docker.mjs';
import { remove } from './folder.mjs';
import { hasJarsOrMaven, jarsOf } from './jars.mjs';
import { findJava } from './java.mjs';
import { freePorts } from './port.mjs';
import { startDetached } from './process.mjs';
import { Unavailable } from './unavailable.mjs';

/** The long-term line, and the newest, as servers without a password, each empty after every start. */
export const neo4j5 = neo4j({
  name: 'neo4j-5',
  version: '5.26.30',
  java: 17,
  main: 'org.neo4j.server.CommunityEntryPoint',
  environment: 'THROUGHLINE_NEO4J_5_URL',
});
export const neo4j2026 = neo4j({
  name: 'neo4j-2026',
  version: '2026.08.1',
  java: 21,
  main: 'org.neo4j.server.Neo4jCommunity',
  environment: 'THROUGHLINE_NEO4J_2026_URL',
});

function neo4j(line) {
  return {
    name: line.name,
    byDefault: true,
    environment: line.environment,
    patience: 300_000,
    start: (folder) => start(line, folder),
    answers: runsQueries,
  };
}

async function start(line, folder) {
  const [port] = await freePorts(1);
  const url = `bolt://127.0.0.1:${port}`;

  const java = await findJava(line.java);
  if (java && (hasJarsOrMaven(folder) || !(await hasDockerEngine())))
    return { url, how: `Java at ${java}`, ...(await startJava(line, java, folder, port)) };

  if (await hasDockerEngine()) {
    const image = `neo4j:${line.version}-community`;
    const container = { ports: { 7687: port }, env: { NEO4J_AUTH: 'none' } };
    return { url, how: 'Docker', ...(await startContainer(line.name, image, container)) };
  }

  if (canInstall()) {
    await install(`openjdk-${line.java}-jre-headless`).catch(() => {});
    const installed = await findJava(line.java);
    if (installed) return { url, how: 'apt-get install', ...(await startJava(line, installed, folder, port)) };
  }
  throw new Unavailable(
    `no Java ${line.java} or newer (looked at JAVA_HOME, /usr/lib/jvm and PATH) and no Docker engine; ` +
      `install a JDK ${line.java} and Maven, start Docker, or set ${line.environment} to a server without a password`,
  );
}

async function startJava(line, java, folder, port) {
  await jarsOf(`org.neo4j:neo4j:${line.version}`, folder);
  const home = join(folder, 'home');
  remove(home);
  // The server does not make the folder that it logs to.
  mkdirSync(join(home, 'logs'), { recursive: true });
  mkdirSync(join(home, 'conf'), { recursive: true });
  writeFileSync(join(home, 'conf', 'neo4j.conf'), configuration(port));
  const args = [
    ...flags,
    '-cp',
    join('lib', '*'),
    line.main,
    `--home-dir=${home}`,
    `--config-dir=${join(home, 'conf')}`,
  ];
  return startDetached(java, args, { cwd: folder, log: join(folder, 'neo4j.log') });
}

/** Small and quick to start; the opened packages are what Neo4j's own launcher opens. */
const flags = [
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '--add-opens=java.base/java.nio=ALL-UNNAMED',
  '--add-opens=java.base/java.io=ALL-UNNAMED',
  '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
  '--add-opens=java.base/java.util.concurrent=ALL-UNNAMED',
];

function configuration(port) {
  return `server.bolt.listen_address=127.0.0.1:${port}
server.http.enabled=false
server.https.enabled=false
server.memory.pagecache.size=64m
dbms.security.auth_enabled=false
dbms.usage_report.enabled=false
`;
}
