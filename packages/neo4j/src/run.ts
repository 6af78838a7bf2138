import { followed, guard, intercept } from '@throughline/core';
import type { Target } from '@throughline/core';
import { queryOperation } from './describe.js';
import { destinationOf } from './driver.js';
import type { ConnectionHolder, ResultInternals } from './driver.js';
import { isOfExecuteQuery, listenerOf } from './execute-query.js';
import { watch, whenConsumed } from './when-consumed.js';

/**
 * `run` of a session or a transaction. What is recorded must not lead to the session: that keeps its results, and a
 * result that is dropped unread would never be collected.
 */
export const run = <Self>(
  prototype: { run: unknown },
  holderOf: (self: Self) => ConnectionHolder | undefined,
): Target =>
  intercept(prototype, 'run', (original, telemetry) => {
    return function (this: unknown, ...args: never[]): unknown {
      const holder = holderOf(this as Self);
      if (isOfExecuteQuery(holder)) {
        const result = Reflect.apply(original, this, args) as ResultInternals;
        const listener = listenerOf(holder);
        if (listener !== undefined) guard('following executeQuery', () => watch(result, listener));
        return result;
      }
      const execution = telemetry.start(queryOperation, { query: args[0], ...destinationOf(holder) });
      if (execution === undefined) return Reflect.apply(original, this, args);
      let result: unknown;
      try {
        result = Reflect.apply(original, this, args);
      } catch (error) {
        execution.fail(error);
        throw error;
      }
      return execution.observed ? followed(whenConsumed, result, execution) : result;
    };
  });
