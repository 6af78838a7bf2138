/* oxlint-disable no-underscore-dangle -- the driver has no other names for it */
import { intercept } from '@throughline/core';
import type { Target, Telemetry } from '@throughline/core';
import { attemptOperation, reasonOf } from './describe.js';
import type { Attempt } from './describe.js';
import type { SessionInternals, TransactionExecutor } from './driver.js';
import { claim } from './execute-query.js';

/** Each attempt of a session's transaction functions. `name` is the method that they go through. */
export const attempts = (prototype: SessionInternals, name: '_executeInTransaction' | '_runTransaction'): Target =>
  intercept(prototype, name, (original, telemetry) => {
    return function (this: unknown, ...args: never[]): unknown {
      const session = this as SessionInternals;
      claim(session);
      if (session._transactionExecutor !== undefined) observeAttempts(session._transactionExecutor, telemetry);
      return Reflect.apply(original, this, args);
    };
  });

const ATTEMPT = Symbol('throughline.attempt');
const TELEMETRY = Symbol('throughline.telemetry');
type Observed = TransactionExecutor & { [TELEMETRY]?: Telemetry };

/**
 * Wraps the executor, which belongs to one session: its class is not exported. Nothing else is told of an attempt as
 * a whole, from before BEGIN to the answer to COMMIT or ROLLBACK.
 */
function observeAttempts(executor: Observed, telemetry: Telemetry): void {
  const isWrapped = executor[TELEMETRY] !== undefined;
  // The session may outlive the instrumentation that saw it first.
  executor[TELEMETRY] = telemetry;
  const { _executeTransactionInsidePromise: original } = executor;
  if (isWrapped || original === undefined) return;
  executor._executeTransactionInsidePromise = function (this: Observed, create, work, resolve, reject, wrap, call) {
    const known = call as { [ATTEMPT]?: Attempt };
    const attempt: Attempt = { number: (known[ATTEMPT]?.number ?? 0) + 1, reason: known[ATTEMPT]?.failure };
    known[ATTEMPT] = attempt;
    const execution = this[TELEMETRY]?.start(attemptOperation, attempt);
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
