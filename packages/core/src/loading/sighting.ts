/** What became of a library, or of one copy of it. */
export type LibraryState = 'traced' | 'waiting' | 'unsupported' | 'not installed' | 'disabled' | 'failed';

/** One row of the report. */
export interface Sighting {
  /** The library's package, or `node:http`. */
  readonly library: string;
  /** The adapter that is responsible for it: `redis`. */
  readonly adapter: string;
  readonly state: LibraryState;
  /** Why it is so, in a sentence for the user. */
  readonly why: string;
  readonly version?: string | undefined;
  /** The folder of this copy. */
  readonly path?: string | undefined;
  readonly format?: 'esm' | 'cjs' | 'esm+cjs' | undefined;
}
