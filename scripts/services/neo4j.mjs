import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canInstall, install } from './apt.mjs';
import { runsQueries, setPassword } from './bolt.mjs';
import { makeCertificate } from './certificate.mjs';
import { hasDockerEngine, startContainer } from './docker.mjs';
import { folderOf, remove } from './folder.mjs';
import { hasJarsOrMaven, jarsOf } from './jars.mjs';
import { findJava } from './java.mjs';
import { withLock } from './lock.mjs';
import { freePorts } from './port.mjs';
import { startDetached } from './process.mjs';
import { Unavailable } from './unavailable.mjs';
import { until } from './until.mjs';

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
    plan: (folder, options) => plan(line, folder, options),
  };
}

async function start(line, folder) {
  const [port] = await freePorts(1);
  const url = `bolt://127.0.0.1:${port}`;

  const java = await findJava(line.java);
  if (java && (hasJarsOrMaven(folder) || !(await hasDockerEngine())))
    return { url, how: `Java at ${java}`, ...(await startJava(java)) };

  if (await hasDockerEngine()) {
    const image = `neo4j:${line.version}-community`;
    const container = { ports: { 7687: port }, env: { NEO4J_AUTH: 'none' } };
    return { url, how: 'Docker', ...(await startContainer(line.name, image, container)) };
  }

  if (canInstall()) {
    await install(`openjdk-${line.java}-jre-headless`).catch(() => {});
    const installed = await findJava(line.java);
    if (installed) return { url, how: 'apt-get install', ...(await startJava(installed)) };
  }
  throw new Unavailable(
    `no Java ${line.java} or newer (looked at JAVA_HOME, /usr/lib/jvm and PATH) and no Docker engine; ` +
      `install a JDK ${line.java} and Maven, start Docker, or set ${line.environment} to a server without a password`,
  );

  async function startJava(program) {
    await jarsOf(coordinates(line), folder);
    return startDetached(javaServer(line, program, { folder, port, home: join(folder, 'home') }));
  }
}

/** One server of a test's own in `folder`, from the jars of the shared one. */
async function plan(line, folder, { password, tls, settings } = {}) {
  const java = await findJava(line.java);
  if (!java) throw new Unavailable(`no Java ${line.java} or newer; looked at JAVA_HOME, /usr/lib/jvm and PATH`);
  const jars = folderOf(line.name);
  await withLock(join(jars, 'lock'), () => jarsOf(coordinates(line), jars));
  const [port] = await freePorts(1);
  const home = join(folder, 'home');
  const certificate = tls && (await makeCertificate(join(folder, 'certificates')));
  const server = javaServer(line, java, {
    folder: jars,
    log: join(folder, 'neo4j.log'),
    port,
    home,
    settings: { ...(password && withPassword), ...(certificate && withTls(certificate)), ...settings },
  });
  const url = tls ? server.url.replace('bolt:', 'bolt+ssc:') : server.url;
  let current;
  return {
    servers: [{ ...server, url }],
    answers: () => runsQueries(url, current),
    async settle() {
      if (password === undefined) return;
      await until(`${url} takes its password`, () => setPassword(url, password));
      current = password;
      await until(`${url} runs queries`, () => runsQueries(url, password));
    },
    certificate: certificate && join(certificate.folder, certificate.certificate),
  };
}

function coordinates(line) {
  return `org.neo4j:neo4j:${line.version}`;
}

/** A server whose `home` is new, run from the folder where `lib` is. */
function javaServer(line, program, { folder, port, home, log = join(folder, 'neo4j.log'), settings = {} }) {
  remove(home);
  // The server does not make the folder that it logs to.
  mkdirSync(join(home, 'logs'), { recursive: true });
  mkdirSync(join(home, 'conf'), { recursive: true });
  const lines = Object.entries({ ...always, 'server.bolt.listen_address': `127.0.0.1:${port}`, ...settings });
  writeFileSync(join(home, 'conf', 'neo4j.conf'), lines.map(([key, value]) => `${key}=${value}\n`).join(''));
  const args = [
    ...flags,
    '-cp',
    join('lib', '*'),
    line.main,
    `--home-dir=${home}`,
    `--config-dir=${join(home, 'conf')}`,
  ];
  return { url: `bolt://127.0.0.1:${port}`, program, args, cwd: folder, log };
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

const always = {
  'server.http.enabled': 'false',
  'server.https.enabled': 'false',
  'server.memory.pagecache.size': '64m',
  'dbms.security.auth_enabled': 'false',
  'dbms.usage_report.enabled': 'false',
};

const withPassword = { 'dbms.security.auth_enabled': 'true' };

function withTls({ folder, key, certificate }) {
  return {
    'server.bolt.tls_level': 'REQUIRED',
    'dbms.ssl.policy.bolt.enabled': 'true',
    'dbms.ssl.policy.bolt.base_directory': folder,
    'dbms.ssl.policy.bolt.private_key': key,
    'dbms.ssl.policy.bolt.public_certificate': certificate,
    'dbms.ssl.policy.bolt.client_auth': 'NONE',
  };
}
