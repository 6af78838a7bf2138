import path from 'node:path';
import type { Conflict } from './instrumentation.js';
import type { Sighting } from './loading/sighting.js';

/** What is traced and what is not, and why. `String(report)` is a table. */
export interface Report {
  readonly libraries: readonly Sighting[];
  /** Whether spans go anywhere: is a tracer provider registered? */
  readonly provider: { readonly registered: boolean; readonly why: string };
  /** Adapters that could not be loaded or attached. */
  readonly failures: readonly { readonly adapter: string; readonly why: string }[];
  /** Methods that another vendor's instrumentation has wrapped. */
  readonly conflicts: readonly (Conflict & { readonly adapter: string })[];
  toString(): string;
}

export function makeReport(data: Omit<Report, 'toString'>): Report {
  return { ...data, toString: () => table(data) };
}

function table({ libraries, provider, failures, conflicts }: Omit<Report, 'toString'>): string {
  const rows = [
    ['library', 'version', 'state', 'why'],
    ...libraries.map((one) => [one.library, one.version ?? '', one.state, withPlace(one)]),
    ...failures.map((one) => [one.adapter, '', 'failed', one.why]),
    ...conflicts.map((one) => [one.adapter, '', 'conflict', withOthers(one)]),
    ['spans', '', provider.registered ? 'exported' : 'lost', provider.why],
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function withOthers({ method, theirs }: Conflict): string {
  return theirs
    ? `another instrumentation records ${method}: its calls are left to it`
    : `another instrumentation wraps ${method} too: its calls have a span of each`;
}

function withPlace({ why, format, path: folder }: Sighting): string {
  const place = [format, folder === undefined ? undefined : nearPath(folder)]
    .filter((part) => part !== undefined)
    .join(' ');
  return place === '' ? why : `${why} (${place})`;
}

/** Without the folders of a package manager's store, which say nothing to a reader; the data has the whole path. */
function nearPath(folder: string): string {
  const relative = path.relative(process.cwd(), folder);
  const at = relative.lastIndexOf(`node_modules${path.sep}`);
  return at === -1 ? folder : relative.slice(at);
}
