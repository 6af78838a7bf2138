import { recall } from './record.mjs';
import { isRunning } from './running.mjs';
import { say } from './say.mjs';
import { services } from './services.mjs';

export async function status(names) {
  const wanted = services.filter(({ name }) => names.length === 0 || names.includes(name));
  for (const service of wanted) {
    const record = recall(service);
    say(service, record, await newsOf(service, record));
  }
  return 0;
}

async function newsOf(service, record) {
  if (record?.url === undefined) return 'not started';
  if (await service.answers(record.url))
    return record.starting ? 'starting' : `running (${record.how ?? service.environment})`;
  return (await isRunning(record)) ? 'running, does not answer' : 'gone';
}
