// Runs one case plain and traced against the same kind of server through the same faults, and compares.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { startFaultProxy } from '../../packages/testing/dist/servers.mjs';
import { cases, olderCases } from './cases/index.mjs';
import { obeyMarks } from './marks.mjs';

const allCases = { ...cases, ...olderCases };
/** How long a round may take: a machine with two cores and other work is slow. */
const PATIENCE = 120_000;
/** The traced heap may grow this much between the first third of the run and its end: what the JIT compiles late is in it. */
const HEAP_GROWTH = 3e6;
/** Metrics are made of what there are few of: operations, kinds of error. */
const POINTS = 200;

/**
 * The plain program runs for `seconds`, the traced one for as many rounds. Returns the figures of both and `problems`,
 * which is empty when the program saw the same and every call has its span.
 */
export async function runLoad(name, { seconds, users }) {
  const { killEvery } = allCases[name];
  const plain = await runVariant(name, 'plain', users, untilTime(seconds * 1000, killEvery));
  const ours = await runVariant(name, 'ours', users, asBefore(plain.rounds));
  return { name, users, plain: plain.figures, ours: ours.figures, problems: problemsOf(plain, ours) };
}

/** Says of each round whether it is the last, and whether the heap is measured: after the first third and at the end. */
function untilTime(milliseconds, atLeast) {
  let begin;
  let measured = false;
  return (number) => {
    // Not before the server is there.
    begin ??= performance.now();
    const elapsed = performance.now() - begin;
    const last = elapsed >= milliseconds && number >= atLeast;
    const measure = last || (!measured && elapsed >= milliseconds / 3 && number > 0);
    measured ||= measure;
    return { last, measure };
  };
}

function asBefore(rounds) {
  return (number) => ({ last: number === rounds.length - 1, measure: rounds[number].heap !== undefined });
}

async function runVariant(name, variant, users, plan) {
  const { server: startServer, steps, killEvery } = allCases[name];
  await using server = await startServer({ traced: variant === 'ours' });
  let arrival;
  const { rule, counts } = obeyMarks(() => arrival());
  await using proxy = await startFaultProxy(server.url, { rule });
  await using program = await startProgram([name, variant, proxy.url, String(users)]);
  const rounds = [];
  const begin = performance.now();
  for (let over = false; !over;) {
    const number = rounds.length;
    const { last, measure } = plan(number);
    over = last;
    const kind = number % killEvery === killEvery - 1 ? 'kill' : 'calls';
    const allWait = new Promise((resolve) => {
      let left = users;
      arrival = () => (left -= 1) === 0 && resolve();
    });
    const answer = program.ask({ do: 'round', kind, number, steps, measure });
    if (kind === 'kill') {
      await Promise.race([allWait, answer]);
      // Through the proxy first, since how a killed server's connections end, in order or not, is by chance.
      proxy.refuse();
      proxy.reset();
      await server.kill();
      counts.kill = (counts.kill ?? 0) + 1;
      await server.restart();
      await proxy.accept();
      program.tell({ do: 'restored' });
    }
    rounds.push({ ...(await answer), served: measure ? await server.tally?.() : undefined });
  }
  const seconds = (performance.now() - begin) / 1000;
  const figures = { seconds, ...figuresOf(rounds), faults: counts, connections: proxy.connections().made };
  return { rounds, figures };
}

function figuresOf(rounds) {
  const { calls, total } = rounds.at(-1);
  const [third, end] = rounds.flatMap(({ heap }) => heap ?? []);
  const tallies = rounds.flatMap(({ served }) => served ?? []);
  const { requests, spans, open } = tallies.at(-1) ?? {};
  return {
    calls: calls.made,
    failed: calls.failed,
    spans: total.spans,
    errors: total.errors,
    points: total.points,
    heap: { third, end },
    served: requests && { requests, spans, open, heap: { third: tallies[0].heap, end: tallies.at(-1).heap } },
  };
}

function problemsOf(plain, ours) {
  const problems = ours.rounds.flatMap(({ wrong }) => wrong);
  for (const [number, round] of plain.rounds.entries()) {
    for (const [user, seen] of round.outcomes.entries()) {
      problems.push(...differences(seen, ours.rounds[number].outcomes[user], `round ${number}, user ${user}`));
    }
  }
  const { heap, points, served } = ours.figures;
  problems.push(...growthOf('program', heap));
  if (points === 0 || points > POINTS) problems.push(`${points} metric points`);
  if (served !== undefined) {
    problems.push(...growthOf('server', served.heap));
    if (served.spans !== served.requests || served.open !== 0) {
      problems.push(`the server: ${served.requests} requests, ${served.spans} spans and ${served.open} still open`);
    }
  }
  return problems;
}

function growthOf(whose, { third, end }) {
  return end - third > HEAP_GROWTH ? [`the heap of the ${whose} has grown from ${third} to ${end} bytes`] : [];
}

function differences(plain, ours, where) {
  return Array.from({ length: Math.max(plain.length, ours.length) }, (_, index) => index)
    .filter((index) => plain[index] !== ours[index])
    .map((index) => `${where}: plain saw "${plain[index]}", traced "${ours[index]}" after "${plain[index - 1]}"`);
}

async function startProgram(args) {
  const child = fork(path.join(import.meta.dirname, 'program.mjs'), args, { execArgv: ['--expose-gc'] });
  const ended = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`the program ${args.join(' ')} ended with ${code ?? signal}`);
  });
  ended.catch(() => {});
  const answer = async () => {
    const impatience = setTimeout(() => child.send({ do: 'tell' }), PATIENCE);
    const [message] = await Promise.race([once(child, 'message'), ended]).finally(() => clearTimeout(impatience));
    if (message.waiting === undefined) return message;
    throw new Error(`the program ${args.join(' ')} does not answer; its users wait:\n${message.waiting.join('\n')}`);
  };
  await answer();
  return {
    tell: (message) => child.send(message),
    ask(message) {
      child.send(message);
      return answer();
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const end = once(child, 'exit');
      if (child.connected) child.send({ do: 'stop' });
      const impatience = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await end;
      clearTimeout(impatience);
    },
  };
}
