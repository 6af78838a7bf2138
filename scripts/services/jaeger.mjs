import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hasDockerEngine, startContainer } from './docker.mjs';
import { remove } from './folder.mjs';
import { freePorts } from './port.mjs';
import { startDetached } from './process.mjs';
import { programOnPath, run } from './program.mjs';
import { Unavailable } from './unavailable.mjs';

/**
 * A real OTLP receiver: `url` takes OTLP over HTTP, `query` is its JSON API (`/api/traces?service=…`).
 * Building it takes minutes, so it starts only when it is named.
 */
export const jaeger = {
  name: 'jaeger',
  byDefault: false,
  environment: 'THROUGHLINE_JAEGER_URL',
  patience: 90_000,
  start,
  answers,
};

const version = '1.62.0';

async function start(folder) {
  const [otlp, query, ...others] = await freePorts(11);
  const addresses = { url: `http://127.0.0.1:${otlp}`, query: `http://127.0.0.1:${query}` };

  const program = programOnPath('jaeger-all-in-one');
  if (program) return { ...addresses, how: program, ...(await startProgram(program)) };

  if (!existsSync(builtIn(folder)) && (await hasDockerEngine())) {
    const ports = { 4318: otlp, 16686: query };
    return {
      ...addresses,
      how: 'Docker',
      ...(await startContainer('jaeger', `jaegertracing/all-in-one:${version}`, { ports })),
    };
  }
  return { ...addresses, how: 'Go', ...(await startProgram(await built(folder))) };

  function startProgram(path) {
    return startDetached({
      program: path,
      args: settings(otlp, query, others),
      cwd: folder,
      log: join(folder, 'jaeger.log'),
    });
  }
}

/** Every listener has a port of its own: the defaults would collide with a Jaeger of the user's. */
function settings(otlp, query, others) {
  const listeners = [
    'collector.otlp.grpc.host-port',
    'collector.grpc-server.host-port',
    'collector.http-server.host-port',
    'query.grpc-server.host-port',
    'admin.http.host-port',
    'http-server.host-port',
    'processor.jaeger-compact.server-host-port',
    'processor.jaeger-binary.server-host-port',
    'processor.zipkin-compact.server-host-port',
  ];
  return [
    `--collector.otlp.http.host-port=127.0.0.1:${otlp}`,
    `--query.http-server.host-port=127.0.0.1:${query}`,
    ...listeners.map((listener, index) => `--${listener}=127.0.0.1:${others[index]}`),
  ];
}

function builtIn(folder) {
  return join(folder, process.platform === 'win32' ? 'jaeger-all-in-one.exe' : 'jaeger-all-in-one');
}

async function built(folder) {
  const program = builtIn(folder);
  if (existsSync(program)) return program;
  const go = programOnPath('go');
  if (!go)
    throw new Unavailable(
      'no jaeger-all-in-one on PATH, no Docker engine and no Go to build it with; install one of them',
    );
  const source = join(folder, 'build');
  remove(source);
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, 'go.mod'), goMod);
  const output = join(source, 'jaeger-all-in-one');
  await run(go, ['build', '-mod=mod', '-o', output, 'github.com/jaegertracing/jaeger/cmd/all-in-one'], { cwd: source });
  renameSync(output, program);
  remove(source);
  return program;
}

/** A module's own replacements do not hold for those who require it: Jaeger's one is repeated here. */
const goMod = `module throughline/services/jaeger

go 1.24

tool github.com/jaegertracing/jaeger/cmd/all-in-one

require github.com/jaegertracing/jaeger v${version}

replace github.com/Shopify/sarama => github.com/Shopify/sarama v1.33.0
`;

async function answers(url) {
  try {
    const response = await fetch(new URL('/v1/traces', url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"resourceSpans":[]}',
      signal: AbortSignal.timeout(5_000),
    });
    return response.ok;
  } catch {
    return false;
  }
}
