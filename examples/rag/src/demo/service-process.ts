import { fork } from 'node:child_process';
import { on, once } from 'node:events';
import type { Answer, Question, TracedSpan } from './observed-service.ts';

export interface ServiceProcess {
  readonly url: string;
  /** A trace's spans, once its root has ended and the console exporter has printed it. */
  spans(traceId: string): Promise<readonly TracedSpan[]>;
  /** What is traced in the service, as a table. */
  report(): Promise<string>;
  stop(): Promise<void>;
}

/** Starts the service in a process of its own, so that nothing of the demo is traced. */
export async function startService(env: NodeJS.ProcessEnv, quiet: boolean): Promise<ServiceProcess> {
  const child = fork(new URL('observed-service.ts', import.meta.url), {
    env: { ...process.env, ...env, PORT: '0' },
    stdio: ['ignore', quiet ? 2 : 1, 2, 'ipc'],
  });
  const gone = new AbortController();
  const exited = once(child, 'exit').then(() => gone.abort());
  const answers = on(child, 'message', { signal: gone.signal }) as AsyncIterator<[Answer]>;

  async function next<Key extends string>(key: Key): Promise<Extract<Answer, Record<Key, unknown>>> {
    const { value } = await answers.next().catch(() => {
      throw new Error(`the service ended with ${child.exitCode ?? child.signalCode}`);
    });
    const [answer] = value as [Answer];
    if (!(key in answer)) throw new Error(`the service answered ${JSON.stringify(answer)}, not ${key}`);
    return answer as Extract<Answer, Record<Key, unknown>>;
  }
  const ask = (question: Question): boolean => child.send(question);

  const { port } = await next('port');
  return {
    url: `http://127.0.0.1:${port}`,
    async spans(trace) {
      ask({ trace });
      return (await next('spans')).spans;
    },
    async report() {
      ask('report');
      return (await next('report')).report;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
