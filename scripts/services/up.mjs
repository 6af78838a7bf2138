import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { folderOf } from './folder.mjs';
import { withLock } from './lock.mjs';
import { publishAddresses, recall, remember } from './record.mjs';
import { isRunning, stop } from './running.mjs';
import { say } from './say.mjs';
import { services } from './services.mjs';
import { Unavailable } from './unavailable.mjs';

/** Starts the named services, or the usual ones, side by side. In CI a missing one is a failure. */
export async function up(names) {
  const wanted = services.filter(({ name, byDefault }) => (names.length > 0 ? names.includes(name) : byDefault));
  const records = await Promise.all(wanted.map(upOne));
  await publishAddresses();
  const missing = records.some((record) => record.unavailable !== undefined && !record.declined);
  return missing && isCI() ? 1 : 0;
}

function upOne(service) {
  return withLock(join(folderOf(service.name), 'lock'), async () => {
    const begin = performance.now();
    const { record, news } = await reach(service).catch((error) => ({ record: reasonOf(error) }));
    remember(service, record);
    say(service, record, news && `${news}, ${((performance.now() - begin) / 1000).toFixed(1)} s`);
    return record;
  });
}

async function reach(service) {
  const before = recall(service);
  const elsewhere = process.env[service.environment];
  const declined = isDeclined(service);

  if (!declined && !elsewhere && before?.url && (await isRunning(before)) && (await service.answers(before.url)))
    return { record: before, news: 'kept' };

  await stop(before);
  if (declined) return { record: { unavailable: 'left out by THROUGHLINE_WITHOUT_SERVICES', declined } };
  if (elsewhere) return { record: await useAddress(service, elsewhere), news: `from ${service.environment}` };
  const record = await startNew(service);
  return { record, news: `started with ${record.how}` };
}

async function useAddress(service, url) {
  if (!URL.canParse(url)) throw new Unavailable(`${service.environment} is not a URL: ${url}`);
  if (!(await service.answers(url)))
    throw new Unavailable(`nothing answers at ${service.environment}; start it, or unset the variable`);
  return { url };
}

/** The record is written before the server answers: an `up` that is interrupted leaves nothing unknown behind. */
async function startNew(service) {
  const folder = folderOf(service.name);
  const record = await service.start(folder);
  remember(service, { ...record, starting: true });
  try {
    await service.settle?.(record);
  } catch (error) {
    await stop(record);
    throw error;
  }
  const patience = Date.now() + service.patience;
  while (!(await service.answers(record.url))) {
    const gone = !(await isRunning(record));
    if (gone || Date.now() > patience) {
      await stop(record);
      const log = record.log ?? `docker logs ${record.container}`;
      throw new Unavailable(
        `started with ${record.how}, ${gone ? 'it ended at once' : 'it never answered'}; see ${log}`,
      );
    }
    await sleep(50);
  }
  return record;
}

function reasonOf(error) {
  if (error instanceof Unavailable) return { unavailable: error.message };
  return { unavailable: `could not be started: ${error.message.replaceAll(/\s*\n\s*/g, '; ')}` };
}

/** A machine that cannot have a server says so in advance: `THROUGHLINE_WITHOUT_SERVICES=redis,neo4j-5`, or `all`. */
function isDeclined(service) {
  const names = new Set((process.env.THROUGHLINE_WITHOUT_SERVICES ?? '').split(/[\s,]+/));
  return names.has(service.name) || names.has('all');
}

function isCI() {
  return !['', '0', 'false', undefined].includes(process.env.CI);
}
