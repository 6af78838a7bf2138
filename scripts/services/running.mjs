import { isContainerRunning, stopContainer } from './docker.mjs';
import { isStillOurs, stopProcess } from './process.mjs';

/** Whether the process or container of a record still runs; a server of the user's own is not ours to judge. */
export async function isRunning(record) {
  if (record.pid !== undefined) return isStillOurs(record);
  if (record.processes !== undefined) return record.processes.every(isStillOurs);
  if (record.container !== undefined) return isContainerRunning(record.container);
  return false;
}

/** Ends what this project has started, and nothing else. */
export async function stop(record) {
  if (record?.pid !== undefined) await stopProcess(record);
  if (record?.processes !== undefined) await Promise.all(record.processes.map(stopProcess));
  if (record?.container !== undefined) await stopContainer(record.container);
}
