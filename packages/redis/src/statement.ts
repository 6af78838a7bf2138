import { CONTAINERS, KEYS, WORDS } from './commands.generated.js';

/** What of a command's arguments may be read. A command that Redis does not have shows nothing. */
interface Shape {
  /** Where its keys are, as `generate-commands.mjs` writes it. */
  keys: string;
  words: ReadonlySet<string>;
  /** The index of the first argument that can be one of the words. */
  wordsFrom: number;
}

/** Arguments that are written out; the rest of a long command is `…`. */
const SHOWN = 16;

/** Characters of a key that are written out. */
const KEY_LENGTH = 128;

/**
 * The command line with its values hidden: `SET ? ? EX ?`, or `SET user:1 ? EX ?` when keys may be shown. What is
 * written out of it: its name, as the application gave it; the name of a sub-command; words that Redis itself defines
 * for the command. Everything else is `?`, all of `AUTH`, `HELLO`, `CONFIG SET`, `ACL SETUSER` and `MIGRATE` too.
 *
 * @param args the arguments after the name.
 */
export function statement(name: string, args: readonly unknown[], showKeys: boolean): string {
  if (args.length === 0) return name;
  const known = showKeys ? undefined : hidden.get(name)?.[args.length];
  if (known !== undefined) return known;
  const command = name.toUpperCase();
  const sub = table().containers.get(command)?.has(word(args[0])) === true;
  const shape = table().shapes.get(sub ? `${command}|${word(args[0])}` : command);
  const keys = showKeys && shape !== undefined ? keyPositions(shape.keys, args) : undefined;
  const shown = Math.min(args.length, SHOWN);
  let text = name;
  for (let index = 0; index < shown; index += 1) {
    const argument = args[index];
    if (keys?.has(index) === true) text += ` ${keyText(argument)}`;
    else if (sub && index === 0) text += ` ${String(argument)}`;
    else if (shape !== undefined && index >= shape.wordsFrom && shape.words.has(word(argument))) {
      text += ` ${String(argument)}`;
    } else text += ' ?';
  }
  if (args.length > shown) text += ' …';
  if (!sub && !showKeys && (shape === undefined || shape.words.size === 0)) remember(name, args.length, text);
  return text;
}

/** Statements of commands that show nothing but their name, by their number of arguments. */
const hidden = new Map<string, string[]>();

function remember(name: string, length: number, text: string): void {
  // Names come from the program, and so do numbers.
  if (length > SHOWN || (hidden.size > 500 && !hidden.has(name)) || table().containers.has(name.toUpperCase())) return;
  const texts = hidden.get(name) ?? [];
  texts[length] = text;
  hidden.set(name, texts);
}

/** Indexes of the arguments that are keys. */
function keyPositions(specs: string, args: readonly unknown[]): ReadonlySet<number> {
  const found = new Set<number>();
  const add = (first: number, last: number, step = 1): void => {
    for (let index = first; index <= last && index < args.length; index += step) found.add(index);
  };
  for (const spec of specs.split('+')) {
    const [, keyword, startAt, half] = /^([A-Z]+)@(\d+)(%?)$/.exec(spec) ?? [];
    if (keyword !== undefined) {
      const at = args.findIndex((one, index) => index >= Number(startAt) - 1 && word(one) === keyword);
      if (at !== -1) add(at + 1, half === '%' ? at + (args.length - at - 1) / 2 : at + 1);
    } else if (spec.startsWith('n')) {
      const at = Number(spec.slice(1)) - 1;
      add(at + 1, at + Number(args[at]));
    } else if (spec !== '') {
      const [, first = '', last = '0', step = '1'] = /^(\d+)(?:~(-?\d+))?(?:\/(\d+))?$/.exec(spec) ?? [];
      const begin = Number(first) - 1;
      const end = Number(last);
      add(begin, end < 0 ? args.length + end : begin + end, Number(step));
    }
  }
  return found;
}

function keyText(key: unknown): string {
  if (typeof key === 'number') return String(key);
  if (typeof key !== 'string') return '?';
  return key.length > KEY_LENGTH ? `${key.slice(0, KEY_LENGTH)}…` : key;
}

/** Words are short: a long argument is none, and is not copied to find that out. */
function word(argument: unknown): string {
  return typeof argument === 'string' && argument.length < 24 ? argument.toUpperCase() : '';
}

interface Table {
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly containers: ReadonlyMap<string, ReadonlySet<string>>;
}

let read: Table | undefined;

/** Read when the first statement is written: it costs half a millisecond. */
function table(): Table {
  return (read ??= readTable());
}

function readTable(): Table {
  const shapes = new Map<string, Shape>();
  for (const line of KEYS.split('\n')) {
    const [keys = '', names = ''] = line.split(':');
    for (const name of names.split(' ')) shapes.set(name, { keys, words: new Set(), wordsFrom: 0 });
  }
  for (const line of WORDS.split('\n')) {
    const [name = '', from, ...words] = line.split(' ');
    shapes.set(name, {
      keys: shapes.get(name)?.keys ?? '',
      words: new Set(words.map((one) => one.toUpperCase())),
      wordsFrom: Number(from),
    });
  }
  const containers = CONTAINERS.split('\n').map((line): [string, ReadonlySet<string>] => {
    const [name = '', ...subs] = line.split(' ');
    return [name, new Set(subs)];
  });
  return { shapes, containers: new Map(containers) };
}
