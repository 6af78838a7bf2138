import { setTimeout as sleep } from 'node:timers/promises';

/** Bytes in use once nothing more can be collected; needs --expose-gc. */
export async function heapUsed() {
  for (let time = 0; time < 3; time += 1) {
    await sleep(20);
    globalThis.gc();
  }
  return process.memoryUsage().heapUsed;
}
