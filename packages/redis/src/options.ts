import { flag, texts } from '@throughline/core';
import type { OptionRules } from '@throughline/core';

/** Options of `redis()`. */
export interface RedisOptions {
  /**
   * Record only what happens below a span of the program: no trace of its own for each command of a start-up or of a
   * background job. Metrics count every command all the same. Default: true.
   */
  requireParent?: boolean;
  /** Commands that are left alone, in any case: `['PING', 'INFO']`. No span and no metric. Default: none. */
  ignoreCommands?: readonly string[];
  /**
   * Show keys in `db.query.text`: `GET user:1` instead of `GET ?`. Values, field names and scripts are never shown.
   * Default: false.
   */
  captureKeys?: boolean;
}

/** The options with their defaults filled in. */
export type RedisSettings = Required<RedisOptions>;

export const optionRules: OptionRules<RedisSettings> = {
  requireParent: flag(true),
  ignoreCommands: texts(),
  captureKeys: flag(false),
};
