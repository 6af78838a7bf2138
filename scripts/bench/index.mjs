// `pnpm bench [case …]`: what tracing costs, as a ratio to a span written by hand around the same call.
// Every variant is a process of its own that lives for the whole run; they take turns in random order, and rounds are
// compared with each other, so that a busy minute hits all of them.
import { fork } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { cases } from './cases.mjs';

/**
 * `not sampled`: a sampler that says no, asked for each span. `parent unsampled`: the parent is local and dropped, and
 * core's parent shortcut leaves the call alone.
 */
const MODES = ['recording', 'exported', 'not sampled', 'parent unsampled', 'no SDK'];
const VARIANTS = ['plain', 'by hand', 'ours'];
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 30);
const WARM_UP = 5;

const wanted = process.argv.slice(2).filter((word) => word !== '--');
const unknown = wanted.filter((name) => !(name in cases));
if (unknown.length > 0) {
  console.error(`bench: unknown case ${unknown.join(', ')}; known: ${Object.keys(cases).join(', ')}`);
  process.exit(1);
}

const addressFile = path.join(import.meta.dirname, '..', '..', '.services', 'addresses.json');
const services = existsSync(addressFile) ? JSON.parse(readFileSync(addressFile, 'utf8')) : {};
const server = createServer((_, response) => response.end('yes'));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const sink = createServer((request, response) => request.resume().on('end', () => response.end()));
await new Promise((resolve) => sink.listen(0, '127.0.0.1', resolve));
const sinkUrl = `http://127.0.0.1:${sink.address().port}/v1/traces`;
services['http server'] = { url: `http://127.0.0.1:${server.address().port}` };

console.log("CPU of the program's thread per call: plain, and what each variant adds to it. Ratio: ours to by hand.\n");
console.log(row(['case', 'mode', 'plain', 'by hand', 'ours', 'ratio', 'spans']));
for (const name of wanted.length > 0 ? wanted : Object.keys(cases)) {
  const { needs } = cases[name];
  const address = needs === undefined ? '' : services[needs]?.url;
  if (address === undefined) {
    console.log(row([name, `skipped: ${needs} is not running (pnpm services up ${needs})`]));
    continue;
  }
  for (const mode of MODES) await measure(name, mode, address);
}
server.close();
sink.close();

async function measure(name, mode, address) {
  const variants = await Promise.all(VARIANTS.map((variant) => begin(name, variant, mode, address)));
  const count = await calls(variants[0]);
  const rounds = [];
  for (let round = 0; round < ROUNDS + WARM_UP; round += 1) {
    const costs = {};
    for (const variant of variants.toSorted(() => Math.random() - 0.5)) costs[variant.name] = await variant.run(count);
    if (round >= WARM_UP) rounds.push(costs);
  }
  for (const variant of variants) variant.end();

  const spans = (variant) => typical(rounds.map((costs) => costs[variant].spans));
  if (mode === 'recording' && spans('by hand') !== spans('ours')) {
    console.log(`  ${name}: by hand makes ${spans('by hand')} spans a call, ours ${spans('ours')}`);
  }
  const cost = (variant) => typical(rounds.map((costs) => costs[variant].microseconds));
  const byHand = cost('by hand') - cost('plain');
  const ours = cost('ours') - cost('plain');
  console.log(
    row([
      name,
      mode,
      `${cost('plain').toFixed(1)} µs`,
      `${byHand.toFixed(2)} µs`,
      `${ours.toFixed(2)} µs`,
      // Where a span by hand costs next to nothing, a ratio says nothing.
      byHand < 0.3 ? '-' : `${(ours / byHand).toFixed(2)}x`,
      String(spans('ours')),
    ]),
  );
}

/** As many calls as take about 50 ms. */
async function calls(variant) {
  const { microseconds } = await variant.run(200);
  const { together = 1 } = cases[variant.case];
  return Math.max(1, Math.min(20_000 / together, Math.round(50_000 / microseconds / together))) * together;
}

function begin(name, variant, mode, address) {
  const child = fork(path.join(import.meta.dirname, 'variant.mjs'), [name, variant, mode, address, sinkUrl], {
    execArgv: ['--single-threaded-gc'],
  });
  const answer = () =>
    new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', (code) => reject(new Error(`${name}, ${variant}: ended with ${code}`)));
    }).finally(() => child.removeAllListeners('exit'));
  return answer().then(() => ({
    name: variant,
    case: name,
    run(count) {
      const result = answer();
      child.send(count);
      return result;
    },
    end: () => child.send(0),
  }));
}

/** The lower fifth of many rounds: what else the machine does only adds. */
function typical(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 5)];
}

function row(cells) {
  const widths = [16, 16, 10, 10, 10, 7, 5];
  return cells.map((cell, index) => (index < 2 ? cell.padEnd(widths[index]) : cell.padStart(widths[index]))).join('  ');
}
