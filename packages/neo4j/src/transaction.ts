/* oxlint-disable no-underscore-dangle -- the driver has no other names for it */
import { intercept } from '@throughline/core';
import type { AnyExecution, Target, Telemetry } from '@throughline/core';
import type { Transaction } from 'neo4j-driver';
import { destinationAttributes, transactionOperation } from './describe.js';
import { destinationOf, whenConnected } from './driver.js';
import type { BeginEvents, TransactionInternals } from './driver.js';
import { isOfExecuteQuery } from './execute-query.js';
import { databaseOf } from './metadata.js';
import type { Settings } from './options.js';
import { run } from './run.js';
import { transactionCall } from './transaction-call.js';

/** The queries of transactions of every kind, and their BEGIN, COMMIT and ROLLBACK. */
export function transactionTargets(prototype: Transaction, settings: Settings): readonly Target[] {
  return [
    run(prototype, settings, ({ _connectionHolder }: TransactionInternals) => _connectionHolder),
    transactionCall(prototype, 'commit', message('COMMIT', settings)),
    transactionCall(prototype, 'rollback', message('ROLLBACK', settings)),
    begin(prototype as unknown as TransactionInternals, settings),
  ];
}

type Start = (transaction: TransactionInternals, telemetry: Telemetry) => AnyExecution | undefined;

function message(name: string, settings: Settings): Start {
  const operation = transactionOperation(settings, name);
  return ({ _connectionHolder: holder, _beginMetadata: begun = {} }, telemetry) => {
    if (isOfExecuteQuery(holder)) return undefined;
    const { server, namespace = databaseOf(begun) } = destinationOf(holder);
    const execution = telemetry.start(operation, { server, namespace });
    if (execution?.observed === true && server === undefined) {
      whenConnected(holder, (to) => {
        execution.set(destinationAttributes(to));
      });
    }
    return execution;
  };
}

/** The program need not wait for BEGIN: what tells the transaction how it went tells us. */
function begin(prototype: TransactionInternals, settings: Settings): Target {
  const start = message('BEGIN', settings);
  return intercept(prototype, '_begin', (original, telemetry) => {
    return function (this: unknown, ...args: never[]): unknown {
      const execution = start(this as TransactionInternals, telemetry);
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
  });
}
