import { join } from 'node:path';
import { folderOf } from './folder.mjs';
import { withLock } from './lock.mjs';
import { forget, publishAddresses, recall } from './record.mjs';
import { isRunning, stop } from './running.mjs';
import { say } from './say.mjs';
import { services } from './services.mjs';

/** Stops the named services, or all that were started, those not started by default too. */
export async function down(names) {
  const wanted = services.filter(({ name }) => names.length === 0 || names.includes(name));
  await Promise.all(wanted.map(downOne));
  await publishAddresses();
  return 0;
}

function downOne(service) {
  return withLock(join(folderOf(service.name), 'lock'), async () => {
    const record = recall(service);
    const wasRunning = record !== undefined && (await isRunning(record));
    await stop(record);
    forget(service);
    say(service, undefined, wasRunning ? 'stopped' : 'was not running');
  });
}
