// The program under load, plain or traced: many users, each with its own sequence of calls, chosen by its seed.
// The parent process (run.mjs) starts one round after the other and compares what the users saw.
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../packages/testing/dist/servers.mjs';
import { cases, olderCases } from './cases/index.mjs';
import { heapUsed } from './heap.mjs';
import { loadFrom, noTracing, startTracing } from './tracing.mjs';

const [caseName, variant, url, userCount] = process.argv.slice(2);
const { adapter, library: name, users: startUsers } = { ...cases, ...olderCases }[caseName];
const tracing = variant === 'ours' ? await startTracing(adapter) : noTracing();
const library = await loadFrom(adapter)(name);
const users = await startUsers({ library, url, count: Number(userCount) });
let restored = Promise.withResolvers();
/** What each user is waiting for, for the error when a round does not end. */
const waiting = new Map();
const calls = { made: 0, failed: 0 };

process.on('message', async (message) => {
  if (message.do === 'restored') restored.resolve();
  if (message.do === 'round') process.send(await round(message));
  if (message.do === 'tell') process.send({ waiting: [...waiting.values()] });
  if (message.do === 'stop') {
    await users.stop();
    await tracing.stop();
    process.disconnect();
  }
});
process.send('ready');

/** `kind`: `calls`, where each user makes its calls, or `kill`, where all wait for an answer when the server is killed. */
async function round({ kind, number, steps, measure }) {
  const problems = [];
  const outcomes = await Promise.all(
    Array.from({ length: Number(userCount) }, async (_, user) => {
      const seen = [];
      const random = seededRandom(number * 10_007 + user);
      const call = recordInto(seen, problems, user);
      const id = `${number}.${user}`;
      if (kind === 'kill') await users.hang({ user, call, id });
      else for (let step = 0; step < steps; step += 1) await users.step({ user, call, random, id: `${id}.${step}` });
      waiting.delete(user);
      return seen;
    }),
  );
  if (kind === 'kill') {
    await restored.promise;
    restored = Promise.withResolvers();
    await users.recover();
  }
  await quiet(problems);
  const wrong = problems.flatMap((problem) => problem() ?? []);
  tracing.forget();
  if (measure) await tracing.flush();
  return { number, outcomes, wrong, calls, total: tracing.total, heap: measure ? await heapUsed() : undefined };
}

/**
 * `call(name, fn, expected)`: one call of the library's API. `expected.spans` (1) is how many spans it has, or `any`.
 * One of them is an error when the call fails, or as `expected.error(result, error)` says,
 * which may say nothing.
 */
function recordInto(seen, problems, user) {
  return async (name, fn, expected = {}) => {
    waiting.set(user, `${user}: ${name} after ${seen.slice(-3).join(', ')}`);
    const { tally, result, error } = await tracing.traced(fn);
    waiting.set(user, `${user}: after ${name}, in between`);
    const failed = error !== undefined;
    calls.made += 1;
    if (failed) calls.failed += 1;
    const outcome = failed ? `error ${identity(error)}` : `ok ${digest(result)}`;
    seen.push(`${name}: ${outcome}`);
    const spans = expected.spans ?? 1;
    const isError = expected.error === undefined ? failed : expected.error(result, error);
    if (spans === 'any') return result;
    if (tally !== undefined) {
      problems.push(() =>
        tally.spans === spans && (isError === undefined || tally.errors === Number(isError))
          ? undefined
          : `${name}: ${outcome}: ${tally.spans} spans, ${tally.errors} errors (${tally.names.join(', ')}); expected ${spans}, ${Number(isError)}`,
      );
    }
    return result;
  };
}

/** Class and code, down to the first cause: messages may hold ports and times. */
function identity(error) {
  const own = `${error?.constructor?.name} ${error?.name} ${error?.code ?? ''}`;
  return error?.cause === undefined ? own : `${own} < ${identity(error.cause)}`;
}

function digest(value) {
  const text = JSON.stringify(value, (_, part) => (part instanceof Error ? identity(part) : part)) ?? 'undefined';
  return text.length <= 80 ? text : `${text.slice(0, 60)}… (${text.length})`;
}

/** A span may end a little after its call, but it ends. */
async function quiet(problems) {
  for (let patience = 500; tracing.open() > 0 && patience > 0; patience -= 1) await sleep(20);
  if (tracing.open() > 0) problems.push(() => `${tracing.open()} spans are still open`);
}
