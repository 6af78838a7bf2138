import { intercept, method } from '@throughline/core';
import type { Operation, Target } from '@throughline/core';
import type { Session } from 'neo4j-driver';
import { attempts } from './attempts.js';
import { transactionOperation } from './describe.js';
import { destinationOf } from './driver.js';
import type { SessionInternals } from './driver.js';
import { run } from './run.js';
import { cancelUnread } from './when-consumed.js';

/** A session's own queries, and its transaction functions. */
export function sessionTargets(prototype: Session): readonly Target[] {
  const internals = prototype as unknown as SessionInternals;
  // Only in 5.
  const deprecated = prototype as unknown as Record<'readTransaction' | 'writeTransaction', Session['executeRead']>;
  return [
    run(prototype, ({ _writeConnectionHolder }: SessionInternals) => _writeConnectionHolder),
    intercept(prototype, 'close', close),
    method(prototype, 'executeRead', transactionFunction('executeRead')),
    method(prototype, 'executeWrite', transactionFunction('executeWrite')),
    method(deprecated, 'readTransaction', transactionFunction('readTransaction')),
    method(deprecated, 'writeTransaction', transactionFunction('writeTransaction')),
    attempts(internals, '_executeInTransaction'),
    attempts(internals, '_runTransaction'),
  ];
}

function transactionFunction<Input extends { readonly self: object }>(name: string): Operation<Input> {
  return transactionOperation(
    name,
    ({ self }) => {
      const { _transactionExecutor: executor, _writeConnectionHolder: holder } = self as SessionInternals;
      return executor?.pipelineBegin === true ? undefined : destinationOf(holder);
    },
    true,
  );
}

/** 5 tells a result nothing any more that the session leaves unread. */
const close: Parameters<typeof intercept>[2] = (original) =>
  function (this: unknown, ...args: never[]): unknown {
    const closed = Reflect.apply(original, this, args);
    const { _results: results = [] } = this as SessionInternals;
    const unread = results.filter(({ _summary, _error }) => _summary === null && _error === null);
    if (unread.length === 0 || !(closed instanceof Promise)) return closed;
    return closed.finally(() => {
      cancelUnread(unread);
    });
  };
