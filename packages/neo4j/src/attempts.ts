/* oxlint-disable no-underscore-dangle -- the driver has no other names for it */
import { intercept } from '@throughline/core';
import type { Operation, Target, Telemetry } from '@throughline/core';
import { adopt } from './adopt.js';
import { attemptOperation, reasonOf } from './describe.js';
import type { Attempt } from './describe.js';
import type { SessionInternals, TransactionExecutor } from './driver.js';
import { claim } from './execute-query.js';
import type { Settings } from './options.js';

/** Each attempt of a session's transaction functions. `name` is the method that they go through. */
export function attempts(
  prototype: SessionInternals,
  name: '_executeInTransaction' | '_runTransaction',
  settings: Settings,
): Target {
  const operation = attemptOperation(settings);
  return intercept(prototype, name, (original, telemetry) => {
    return function (this: unknown, ...args: never[]): unknown {
      const session = this as SessionInternals;
      claim(session);
      const { _transactionExecutor: executor } = session;
      if (executor !== undefined) adopt(executor, telemetry, (_, now) => observeAttempts(executor, operation, now));
      return Reflect.apply(original, this, args);
    };
  });
}

const ATTEMPT = Symbol('throughline.attempt');

/** Nothing else is told of an attempt as a whole, from before BEGIN to the answer to COMMIT or ROLLBACK. */
function observeAttempts(
  executor: TransactionExecutor,
  operation: Operation<Attempt>,
  telemetry: () => Telemetry,
): void {
  const { _executeTransactionInsidePromise: original } = executor;
  if (original === undefined) return;
  executor._executeTransactionInsidePromise = function (create, work, resolve, reject, wrap, call) {
    const known = call as { [ATTEMPT]?: Attempt };
    const attempt = nextAttempt(known[ATTEMPT]);
    known[ATTEMPT] = attempt;
    const execution = telemetry().start(operation, attempt);
    if (execution === undefined) return original.call(this, create, work, resolve, reject, wrap, call);
    const resolved = (value: unknown): void => {
      execution.succeed();
      resolve(value);
    };
    const rejected = (error: unknown): void => {
      attempt.failure = reasonOf(error);
      execution.fail(error);
      reject(error);
    };
    return execution.run(() => original.call(this, create, work, resolved, rejected, wrap, call));
  };
}

/** The attempt after another, or the first. */
export function nextAttempt(before: Attempt | undefined): Attempt {
  return { number: (before?.number ?? 0) + 1, reason: before?.failure };
}
