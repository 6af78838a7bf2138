// `pnpm load [case …] [seconds] [users]`: a hundred users for a minute on each library, through a proxy that delays, resets
// and cuts and a server that is killed, without and with tracing. Fails when the program sees a difference, when a call has
// not its one span, or when the heap grows.
import { cases, olderCases } from './cases/index.mjs';
import { runLoad } from './run.mjs';

const words = process.argv.slice(2).filter((word) => word !== '--');
const names = words.filter((word) => !/^\d+$/.test(word));
const [seconds = 60, users = 100] = words.filter((word) => /^\d+$/.test(word)).map(Number);
const known = Object.keys({ ...cases, ...olderCases });
const unknown = names.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`load: unknown case ${unknown.join(', ')}; known: ${known.join(', ')}`);
  process.exit(1);
}

for (const name of names.length > 0 ? names : Object.keys(cases)) {
  const { plain, ours, problems } = await runLoad(name, { seconds, users });
  console.log(`\n${name}, ${users} users`);
  for (const [variant, figures] of Object.entries({ plain, ours }))
    console.log(`  ${variant.padEnd(6)} ${line(figures)}`);
  for (const problem of problems.slice(0, 20)) console.log(`  ${problem}`);
  console.log(problems.length === 0 ? '  the same, and a span for every call' : `  ${problems.length} problems`);
  if (problems.length > 0) process.exitCode = 1;
}

function line({ seconds: took, calls, failed, spans, errors, points, heap, faults, connections, served }) {
  const injected = Object.entries(faults).map(([kind, count]) => `${count} ${kind}`);
  return [
    `${took.toFixed(0)} s`,
    `${calls} calls, ${failed} failed`,
    `${spans} spans, ${errors} errors, ${points} metric points`,
    `heap ${flow(heap)}`,
    `${connections} connections, ${injected.join(', ')}`,
    ...(served === undefined
      ? []
      : [`server: ${served.requests} requests, ${served.spans} spans, heap ${flow(served.heap)}`]),
  ].join('; ');
}

function flow({ third, end }) {
  return `${megabytes(third)} to ${megabytes(end)}`;
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
