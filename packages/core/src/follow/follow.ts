import type { AnyExecution } from '../execution.js';

/**
 * How to watch what a call returned until the call is over. Answers what the caller gets instead: an object that
 * behaves the same, if possible the same object.
 */
export type Follow = <R>(returned: R, execution: AnyExecution) => R;
