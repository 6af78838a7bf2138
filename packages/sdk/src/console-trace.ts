import { SpanStatusCode } from '@opentelemetry/api';
import { styleText } from 'node:util';
import { milliseconds, oneLine, rowOf, tokensOf } from './console-span.js';
import type { ShownSpan, SpanRow, Tokens } from './console-span.js';

/** How a trace is written. */
export interface TraceFormat {
  /** Escape sequences for a terminal. Default: false. */
  readonly colour?: boolean;
  /** Columns; names that do not fit are cut. Default: no limit. */
  readonly width?: number | undefined;
  /** Children of one span that are written out; the rest is counted. Default: 40. */
  readonly siblings?: number;
  /** What is written behind the name of each root: `(continued)`. */
  readonly note?: string;
}

/** The least width of the columns, so that most traces have the same. */
const DURATION = 6;
const RESULT = 13;
/** A name is not cut below this. */
const NAME = 24;

/** A line of the tree before its columns are known. */
interface Line {
  /** `│  ├─ ` */
  readonly branch: string;
  readonly row: SpanRow;
}

/**
 * Finished spans as a tree, one line a span, children by the time they started. A span whose parent is not among
 * them is a root, and shows the tokens of all model calls below it.
 */
export function formatTrace(spans: readonly ShownSpan[], format: TraceFormat = {}): string {
  const { siblings = 40, note } = format;
  const children = childrenOf(spans);
  const lines: Line[] = [];

  const addAll = (inside: readonly ShownSpan[], below: string, isRoot: boolean): void => {
    const { shown, hidden } = choose(inside, siblings);
    for (const [index, span] of shown.entries()) {
      const last = index === shown.length - 1 && hidden.length === 0;
      const branch = isRoot ? '' : `${below}${last ? '└─ ' : '├─ '}`;
      const tokens = isRoot && tokensOf(span) === undefined ? sumTokens(span, children) : undefined;
      const row = rowOf(span, tokens);
      lines.push({ branch, row: isRoot && note !== undefined ? { ...row, label: `${row.label} ${note}` } : row });
      const deeper = isRoot ? '' : `${below}${last ? '   ' : '│  '}`;
      addAll(children.get(span.spanContext().spanId) ?? [], deeper, false);
    }
    if (hidden.length > 0) lines.push({ branch: isRoot ? '' : `${below}└─ `, row: restOf(hidden) });
  };
  addAll(children.get(undefined) ?? [], '', true);
  return layOut(lines, format);
}

/** One line for a log: `TRACE: GET redis (2026-01-01T12:00:00.000Z-2026-01-01T12:00:00.004Z) status=UNSET`. */
export function formatLine(span: ShownSpan): string {
  const start = milliseconds(span.startTime);
  const times = [start, start + milliseconds(span.duration)].map((time) => new Date(time).toISOString());
  return `TRACE: ${oneLine(span.name)} (${times.join('-')}) status=${SpanStatusCode[span.status.code]}`;
}

type Children = ReadonlyMap<string | undefined, readonly ShownSpan[]>;

/** Spans by their parent's id; roots under `undefined`. */
function childrenOf(spans: readonly ShownSpan[]): Children {
  const known = new Set(spans.map((span) => span.spanContext().spanId));
  const children = new Map<string | undefined, ShownSpan[]>();
  for (const span of spans.toSorted((a, b) => milliseconds(a.startTime) - milliseconds(b.startTime))) {
    const id = span.parentSpanContext?.spanId;
    const parent = id !== undefined && known.has(id) ? id : undefined;
    const before = children.get(parent);
    if (before === undefined) children.set(parent, [span]);
    else before.push(span);
  }
  return children;
}

/** Of many children the first ones are shown, and among the rest those that failed. */
function choose(
  spans: readonly ShownSpan[],
  limit: number,
): { shown: readonly ShownSpan[]; hidden: readonly ShownSpan[] } {
  if (spans.length <= limit) return { shown: spans, hidden: [] };
  const worthy = new Set(spans.slice(0, limit));
  for (const span of spans.slice(limit)) {
    if (worthy.size < limit * 2 && span.status.code === SpanStatusCode.ERROR) worthy.add(span);
  }
  return { shown: spans.filter((span) => worthy.has(span)), hidden: spans.filter((span) => !worthy.has(span)) };
}

function restOf(hidden: readonly ShownSpan[]): SpanRow {
  return { label: `… ${hidden.length} more`, duration: '', result: '', mood: 'plain', details: '' };
}

/** The tokens of the model calls below; what runs inside a model call belongs to that call. */
function sumTokens(span: ShownSpan, children: Children): Tokens | undefined {
  let sum: Tokens | undefined;
  for (const child of children.get(span.spanContext().spanId) ?? []) {
    const tokens = tokensOf(child) ?? sumTokens(child, children);
    if (tokens !== undefined) {
      sum = { input: (sum?.input ?? 0) + tokens.input, output: (sum?.output ?? 0) + tokens.output };
    }
  }
  return sum;
}

function layOut(lines: readonly Line[], { colour = false, width = Infinity }: TraceFormat): string {
  const widest = (least: number, measure: (line: Line) => number): number =>
    lines.reduce((most, line) => Math.max(most, measure(line)), least);
  const duration = widest(DURATION, ({ row }) => row.duration.length);
  // A long result moves only what stands behind it.
  const result = widest(RESULT, ({ row }) => (row.details === '' ? 0 : row.result.length));
  const room = Math.max(NAME, width - duration - result - widest(0, ({ row }) => row.details.length) - 6);
  const name = Math.min(
    room,
    widest(0, ({ branch, row }) => branch.length + row.label.length),
  );
  const paint: Paint = colour
    ? (style, given) => (given === '' ? '' : styleText(style, given, { validateStream: false }))
    : (_, given) => given;

  return lines
    .map(({ branch, row }) => {
      const label = cut(row.label, Math.max(1, name - branch.length));
      const cells = [
        paint('dim', branch) +
          (branch === '' ? paint('bold', label) : label) +
          ' '.repeat(Math.max(0, name - branch.length - label.length)),
        ' '.repeat(duration - row.duration.length) + paint('cyan', row.duration),
        paint(MOODS[row.mood], row.result) + ' '.repeat(Math.max(0, result - row.result.length)),
        paint('dim', row.details),
      ];
      return cells.join('  ').trimEnd();
    })
    .join('\n');
}

type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

const MOODS = { plain: 'green', failed: 'red', cancelled: 'yellow' } as const;

function cut(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}
