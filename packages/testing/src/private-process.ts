import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server program; what it prints goes to `log`. */
export interface Launch {
  readonly url: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly log: string;
}

export interface PrivateServer {
  /** Stays the same when the server starts again. */
  readonly url: string;
  /** Asks the server to end (SIGTERM), as an operator does, and waits until it has. */
  stop(): Promise<void>;
  /** Ends it at once (SIGKILL): connections break off. */
  kill(): Promise<void>;
  /** Starts it, again or for the first time, after killing it if it runs, and waits until it answers. */
  restart(): Promise<void>;
}

/** A process that ends with this one, however this one ends; `folder` goes with it. */
export function privateProcess(
  launch: Launch,
  folder: string,
  answers: (url: string) => Promise<boolean>,
): PrivateServer {
  let child: ChildProcess | undefined;

  async function end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const running = child;
    child = undefined;
    if (running === undefined || hasEnded(running)) return;
    const ended = once(running, 'exit');
    running.kill(signal);
    const impatience = setTimeout(() => running.kill('SIGKILL'), 30_000);
    await ended;
    clearTimeout(impatience);
  }

  async function restart(): Promise<void> {
    await end('SIGKILL');
    const started = await begin(launch);
    child = started;
    guard(started, folder);
    while (!(await answers(launch.url))) {
      if (hasEnded(started)) throw new Error(`${launch.program} ended:\n${lastLines(launch.log)}`);
      await sleep(50);
    }
  }

  return { url: launch.url, stop: () => end('SIGTERM'), kill: () => end('SIGKILL'), restart };
}

async function begin({ program, args, cwd, log }: Launch): Promise<ChildProcess> {
  const output = openSync(log, 'a');
  try {
    const child = spawn(program, args, { cwd, stdio: ['ignore', output, output] });
    await once(child, 'spawn');
    child.unref();
    return child;
  } finally {
    closeSync(output);
  }
}

/** A shell that waits for the end of our side of its pipe, which comes even when this process is killed. */
function guard(child: ChildProcess, folder: string): void {
  // A killed server may still be writing for a moment.
  const script = 'read -r _; kill -9 "$1" && sleep 1 && rm -rf "$2"';
  const shell = spawn('sh', ['-c', script, 'guard', String(child.pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
  child.once('exit', () => shell.kill('SIGKILL'));
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function lastLines(log: string): string {
  return readFileSync(log, 'utf8').trim().split('\n').slice(-8).join('\n');
}
