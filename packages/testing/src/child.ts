import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { fixture, type FixtureOptions } from './fixture.js';
import { nodeProgram, type NodeVersion } from './node-program.js';

export interface ProgramOptions extends FixtureOptions {
  /** Where the program runs; said nothing: a fixture made of `files` and `dependencies`, removed afterwards. */
  readonly cwd?: string;
  /** Relative to `cwd`. */
  readonly entry: string;
  /** A version, fetched when it is not there yet, or a path; said nothing: the Node that runs the tests. */
  readonly node?: NodeVersion | (string & {});
  readonly execArgv?: readonly string[];
  readonly args?: readonly string[];
  /** Added to the environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
}

export interface ProgramResult {
  /** Null when a signal ended the program. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What the program wrote to file descriptor 3, one JSON value a line; see `spans-to-fd3.cjs` in a fixture. */
  readonly spans: readonly ChildSpan[];
}

export interface ChildSpan {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly scope: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly status: { readonly code: number; readonly message?: string };
  readonly events: readonly { readonly name: string; readonly attributes?: Readonly<Record<string, unknown>> }[];
}

/** Runs a program as its user would: in a plain process that knows nothing of vitest. */
export async function runProgram(options: ProgramOptions): Promise<ProgramResult> {
  if (options.cwd !== undefined) return run(options, options.cwd);
  const place = fixture(options);
  try {
    return await run(options, place.folder);
  } finally {
    place.remove();
  }
}

async function run(options: ProgramOptions, cwd: string): Promise<ProgramResult> {
  const { entry, execArgv = [], args = [], env = {}, timeoutMs = 150_000 } = options;
  const program = await nodeProgram(options.node);
  const child = spawn(program, [...execArgv, entry, ...args], {
    cwd,
    env: { ...plainEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  try {
    const ended = new Promise<Pick<ProgramResult, 'exitCode' | 'signal'>>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode, signal) => resolve({ exitCode, signal }));
    });
    const [end, stdout, stderr, lines] = await Promise.all([
      ended,
      text(child.stdout as Readable),
      text(child.stderr as Readable),
      text(child.stdio[3] as Readable),
    ]);
    if (late) throw new Error(`${entry} did not end within ${timeoutMs} ms\n${stdout}${stderr}`);
    return {
      ...end,
      stdout,
      stderr,
      spans: lines
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as ChildSpan),
    };
  } finally {
    clearTimeout(timer);
  }
}

/** Without what vitest sets for its workers. NODE_V8_COVERAGE stays: children count for coverage. */
function plainEnvironment(): Record<string, string | undefined> {
  const ofVitest = /^(?:VITEST.*|VITE_.*|NODE_OPTIONS|NODE_ENV|TEST|MODE|DEV|PROD|SSR|BASE_URL)$/;
  return Object.fromEntries(Object.entries(process.env).filter(([key]) => !ofVitest.test(key)));
}
