import type { Attributes } from '@opentelemetry/api';

/** Scripts are few; a program that makes them up as it goes must not fill the memory. */
const REMEMBERED = 100;

const hashes = new Map<string, string>();

/**
 * `db.stored_procedure.name`: the name of a function, or the SHA-1 digest by which Redis knows a script. An attribute
 * that is set once the span has started: the span's name is the command's alone, as the Redis conventions have it.
 */
export function storedProcedure<Input>(
  name: string,
  input: Input,
  args: (input: Input) => readonly unknown[],
): Attributes | undefined {
  const initial = name.charCodeAt(0) | 0x20;
  // Neither e nor f: this runs for each command.
  if (initial !== 0x65 && initial !== 0x66) return undefined;
  const [first] = args(input);
  const procedure = typeof first === 'string' ? procedureOf(name, first) : undefined;
  return procedure === undefined ? undefined : { 'db.stored_procedure.name': procedure };
}

function procedureOf(name: string, first: string): string | undefined {
  switch (name.toUpperCase()) {
    case 'EVAL':
    case 'EVAL_RO':
      return digest(first);
    case 'EVALSHA':
    case 'EVALSHA_RO':
      return /^[0-9a-f]{40}$/i.test(first) ? first.toLowerCase() : undefined;
    case 'FCALL':
    case 'FCALL_RO':
      return /^\w{1,128}$/.test(first) ? first : undefined;
    default:
      return undefined;
  }
}

function digest(script: string): string {
  let hash = hashes.get(script);
  if (hash === undefined) {
    // Not imported: an import of it alone costs a program that has no scripts 6 ms at its start.
    hash = process.getBuiltinModule('node:crypto').createHash('sha1').update(script).digest('hex');
    if (hashes.size >= REMEMBERED) hashes.clear();
    hashes.set(script, hash);
  }
  return hash;
}
