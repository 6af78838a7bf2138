import type { Reply } from './ask.ts';
import type { TracedSpan } from './observed-service.ts';
import { same, type Tokens } from './tokens.ts';

/** One request and its trace. */
export interface Round extends Reply {
  readonly title: string;
  readonly question: string;
  readonly spans: readonly TracedSpan[];
  /** In the trace. */
  readonly traced: Tokens;
  /** By the stand-in for the model, meanwhile. */
  readonly counted: Tokens | undefined;
}

/** What `--json` prints. */
export interface Outcome {
  readonly rounds: readonly Round[];
  readonly report: string;
  /** Every trace has exactly the tokens that were counted. */
  readonly agree: boolean;
  /** Every request was. */
  readonly answered: boolean;
}

export function outcomeOf(rounds: readonly Round[], report: string): Outcome {
  return {
    rounds,
    report,
    agree: rounds.every(({ traced, counted }) => counted === undefined || same(traced, counted)),
    answered: rounds.every(({ status, text }) => status === 200 && text !== ''),
  };
}
