// How a user of the load suite asks for a fault: by a mark inside its request, as in the key `~cut3:7.2.14~`. So the
// same calls are hit in every run, with and without tracing, however fast it is.

/** A mark that the proxy takes once: what a client sends again by itself passes. `name` is unique in the run. */
export function mark(kind, name, number = '') {
  return `~${kind}${number}:${name}~`;
}

const pattern = /~([a-z]+)(\d*):([^~]+)~/;

/** The proxy's rule: obeys marks, and tells `seen()` of each request marked `seen`, which passes. */
export function obeyMarks(seen) {
  const taken = new Set();
  const counts = {};
  function rule({ bytes }) {
    const [, kind, number, name] = pattern.exec(bytes.latin1Slice()) ?? [];
    if (kind === undefined || taken.has(name)) return undefined;
    taken.add(name);
    if (kind === 'seen') return void seen();
    counts[kind] = (counts[kind] ?? 0) + 1;
    if (kind === 'delay') return { kind, ms: Number(number) };
    if (kind === 'cut') return { kind, after: Number(number) };
    return { kind };
  }
  return { rule, counts };
}
