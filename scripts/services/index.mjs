/**
 * `pnpm services up|down|status [names…]`: the real servers that tests, demo and benchmarks use.
 * `up` without names starts the usual ones; their addresses are in `.services/addresses.json`.
 */
import { down } from './down.mjs';
import { services } from './services.mjs';
import { status } from './status.mjs';
import { up } from './up.mjs';

const commands = { up, down, status };
const [word = 'status', ...names] = process.argv.slice(2);
const unknown = names.filter((name) => !services.some((service) => service.name === name));

if (!Object.hasOwn(commands, word) || unknown.length > 0) {
  const known = services.map((service) => service.name).join('|');
  const problem = unknown.length > 0 ? `unknown service ${unknown.join(', ')}` : `unknown command ${word}`;
  process.stderr.write(`services: ${problem}\nusage: pnpm services up|down|status [${known}]\n`);
  process.exitCode = 2;
} else {
  process.exitCode = await commands[word](names);
}
