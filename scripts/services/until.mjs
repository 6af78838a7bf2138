import { setTimeout as sleep } from 'node:timers/promises';

/** Tries again until `check` resolves to true; after a minute fails with what was waited for. */
export async function until(what, check) {
  const patience = Date.now() + 60_000;
  while (!(await check())) {
    if (Date.now() > patience) throw new Error(`waited a minute in vain: ${what}`);
    await sleep(50);
  }
}
