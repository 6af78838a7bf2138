import { mark } from '../marks.mjs';

/** Faults that hit one GET of a client; `ready(client)` waits until it has a connection, which the fault is to break. */
export function faults(ready) {
  return [
    [3, fault('delay', (random) => 1 + Math.floor(random() * 30))],
    [1, fault('reset')],
    [1, fault('close')],
    // The parser takes two of the three bytes of nothing for nothing.
    [1, fault('cut', () => 1)],
  ];

  function fault(kind, number = () => '') {
    return async ({ client, call, id, random }) => {
      const key = mark(kind, id, number(random));
      await ready(client);
      await call(kind, () => client.get(key));
    };
  }
}

/** Three commands for a pipeline or a transaction. */
export function batch(commands, user, id) {
  return commands.set(`load:${user}:batch`, id).incr(`load:${user}:count`).get(`load:${user}:batch`);
}
