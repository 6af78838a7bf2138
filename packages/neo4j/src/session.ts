/* oxlint-disable no-underscore-dangle -- the driver has no other names for it */
import { intercept } from '@throughline/core';
import type { Target } from '@throughline/core';
import type { Session } from 'neo4j-driver';
import { attempts } from './attempts.js';
import { transactionOperation } from './describe.js';
import { destinationOf } from './driver.js';
import type { SessionInternals } from './driver.js';
import type { Settings } from './options.js';
import { measurePool } from './pool.js';
import { run } from './run.js';
import { transactionCall } from './transaction-call.js';
import { cancelUnread } from './when-consumed.js';

/** A session's own queries, and its transaction functions. */
export function sessionTargets(prototype: Session, settings: Settings): readonly Target[] {
  const internals = prototype as unknown as SessionInternals;
  return [
    run(prototype, settings, ({ _writeConnectionHolder }: SessionInternals) => _writeConnectionHolder),
    intercept(prototype, 'close', close),
    intercept(internals, '_beginTransaction', beginTransaction),
    // The last two are only in 5.
    ...['executeRead', 'executeWrite', 'readTransaction', 'writeTransaction'].map((name) =>
      transactionFunction(prototype, name, settings),
    ),
    attempts(internals, '_executeInTransaction', settings),
    attempts(internals, '_runTransaction', settings),
  ];
}

function transactionFunction(prototype: Session, name: string, settings: Settings): Target {
  const operation = transactionOperation(settings, name, true);
  return transactionCall(prototype, name, (session: SessionInternals, telemetry) => {
    const isOfExecuteQuery = session._transactionExecutor?.pipelineBegin === true;
    return isOfExecuteQuery ? undefined : telemetry.start(operation, destinationOf(session._writeConnectionHolder));
  });
}

type Wrap = Parameters<typeof intercept>[2];

/** A transaction takes its connection before it sends BEGIN. */
const beginTransaction: Wrap = (original, telemetry) =>
  function (this: unknown, ...args: never[]): unknown {
    measurePool((this as SessionInternals)._writeConnectionHolder, telemetry);
    return Reflect.apply(original, this, args);
  };

/** 5 tells a result nothing any more that the session leaves unread. */
const close: Wrap = (original) =>
  function (this: unknown, ...args: never[]): unknown {
    const closed = Reflect.apply(original, this, args);
    const { _results: results = [] } = this as SessionInternals;
    const unread = results.filter(({ _summary, _error }) => _summary === null && _error === null);
    if (unread.length === 0 || !(closed instanceof Promise)) return closed;
    return closed.finally(() => {
      cancelUnread(unread);
    });
  };
