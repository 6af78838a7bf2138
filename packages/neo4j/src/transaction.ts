import { intercept, method } from '@throughline/core';
import type { Operation, Target } from '@throughline/core';
import type { Transaction } from 'neo4j-driver';
import { transactionOperation } from './describe.js';
import { destinationOf } from './driver.js';
import type { BeginEvents, TransactionInternals } from './driver.js';
import { isOfExecuteQuery } from './execute-query.js';
import { run } from './run.js';

/** The queries of transactions of every kind, and their BEGIN, COMMIT and ROLLBACK. */
export function transactionTargets(prototype: Transaction): readonly Target[] {
  return [
    run(prototype, ({ _connectionHolder }: TransactionInternals) => _connectionHolder),
    method(prototype, 'commit', message('COMMIT')),
    method(prototype, 'rollback', message('ROLLBACK')),
    intercept(prototype as unknown as TransactionInternals, '_begin', begin),
  ];
}

const message = <Input extends { readonly self: object }>(name: string): Operation<Input> =>
  transactionOperation(name, ({ self }) => {
    const { _connectionHolder: holder } = self as TransactionInternals;
    return isOfExecuteQuery(holder) ? undefined : destinationOf(holder);
  });

const beginOperation = message<{ readonly self: TransactionInternals }>('BEGIN');

/** The program need not wait for BEGIN: what tells the transaction how it went tells us. */
const begin: Parameters<typeof intercept>[2] = (original, telemetry) =>
  function (this: unknown, ...args: never[]): unknown {
    const execution = telemetry.start(beginOperation, { self: this as TransactionInternals });
    if (execution?.observed !== true) return Reflect.apply(original, this, args);
    const [bookmarks, config, events] = args as readonly unknown[] as readonly [unknown, unknown, BeginEvents?];
    const observed: BeginEvents = {
      ...events,
      onError(error) {
        execution.fail(error);
        events?.onError?.(error);
      },
      onComplete(metadata) {
        execution.succeed(metadata);
        events?.onComplete?.(metadata);
      },
    };
    return Reflect.apply(original, this, [bookmarks, config, observed] as never[]);
  };
