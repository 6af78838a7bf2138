import { followed, guard, intercept } from '@throughline/core';
import type { Target } from '@throughline/core';
import { queryOperation } from './describe.js';
import { destinationOf } from './driver.js';
import type { ConnectionHolder, ResultInternals } from './driver.js';
import { isOfExecuteQuery, listenerOf } from './execute-query.js';
import type { Settings } from './options.js';
import { measurePool } from './pool.js';
import { watch, whenConsumed, whenRoutedAndConsumed } from './when-consumed.js';

/**
 * `run` of a session or a transaction. What is recorded must not lead to the session: that keeps its results, and a
 * result that is dropped unread would never be collected.
 */
export function run<Self>(
  prototype: { run: unknown },
  settings: Settings,
  holderOf: (self: Self) => ConnectionHolder | undefined,
): Target {
  const operation = queryOperation(settings);
  return intercept(prototype, 'run', (original, telemetry) => {
    return function (this: unknown, ...args: never[]): unknown {
      const holder = holderOf(this as Self);
      measurePool(holder, telemetry);
      if (isOfExecuteQuery(holder)) {
        const result = Reflect.apply(original, this, args) as ResultInternals;
        const listener = listenerOf(holder);
        if (listener !== undefined) guard('following executeQuery', () => watch(result, listener, true));
        return result;
      }
      const [query, parameters] = args as readonly unknown[];
      const { namespace, server } = destinationOf(holder);
      const execution = telemetry.start(operation, { query, parameters, namespace, server, cypher: undefined });
      if (execution === undefined) return Reflect.apply(original, this, args);
      let result: unknown;
      // Called from here, through nothing of ours: the driver's errors have ten frames, and each of ours hides one of the
      // program's.
      try {
        result = Reflect.apply(original, this, args);
      } catch (error) {
        execution.fail(error);
        throw error;
      }
      if (!execution.observed) return result;
      return followed(server === undefined ? whenRoutedAndConsumed : whenConsumed, result, execution);
    };
  });
}
