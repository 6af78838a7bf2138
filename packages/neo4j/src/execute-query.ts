/* oxlint-disable no-underscore-dangle -- the driver has no other names for it */
import { followed, intercept } from '@throughline/core';
import type { AnyExecution, AnyFunction, Follow, Target } from '@throughline/core';
import { queryOperation } from './describe.js';
import { destinationOfDriver } from './driver.js';
import type { ConnectionHolder, DriverInternals, SessionInternals } from './driver.js';
import type { Settings } from './options.js';
import type { Answer, Listener } from './when-consumed.js';

/**
 * `driver.executeQuery`: one span, which knows what its query was answered. The session and the transactions that the
 * driver makes for it have no spans of their own.
 */
export function executeQuery(prototype: { executeQuery: AnyFunction }, settings: Settings): Target {
  const operation = queryOperation(settings, true);
  return intercept(prototype, 'executeQuery', (original, telemetry) => {
    return function (this: unknown, ...args: never[]): unknown {
      const [query, parameters, config] = args as readonly unknown[];
      const execution = telemetry.start(operation, {
        query,
        parameters,
        cypher: undefined,
        ...destinationOfDriver(this as DriverInternals, config as { database?: string } | undefined),
      });
      if (execution === undefined) return Reflect.apply(original, this, args);
      const call: ExecuteQuery = { execution, answer: undefined };
      launching = call;
      try {
        const returned = execution.run(() => Reflect.apply(original, this, args));
        return execution.observed ? followed(whenAnswered(call), returned, execution) : returned;
      } finally {
        launching = undefined;
      }
    };
  });
}

/** What the call resolves to is up to the program: what its query was answered counts. */
const whenAnswered =
  (call: ExecuteQuery): Follow =>
  (returned, execution) =>
    (returned as Promise<unknown>).then(
      (value) => {
        execution.succeed(call.answer);
        return value;
      },
      (error: unknown) => {
        execution.fail(error);
        throw error;
      },
    ) as typeof returned;

interface ExecuteQuery {
  readonly execution: AnyExecution;
  /** That of the last attempt. */
  answer: Answer | undefined;
}

/** The call whose session is being made: the driver makes it before the call returns. */
let launching: ExecuteQuery | undefined;

const CALL: unique symbol = Symbol('throughline.executeQuery');
type Marked = ConnectionHolder & { [CALL]?: ExecuteQuery };

/** Marks the session that `executeQuery` is making. */
export function claim(session: SessionInternals): void {
  if (launching === undefined || session._transactionExecutor?.pipelineBegin !== true) return;
  const holders: readonly (Marked | undefined)[] = [session._readConnectionHolder, session._writeConnectionHolder];
  for (const holder of holders) if (holder !== undefined) holder[CALL] = launching;
  launching = undefined;
}

/** Whether `executeQuery` made the session or transaction with this connection holder. */
export function isOfExecuteQuery(holder: Marked | undefined): boolean {
  return holder?.[CALL] !== undefined;
}

/** Takes what the query of an `executeQuery` is answered. `undefined` when nobody would see it. */
export function listenerOf(holder: Marked | undefined): Listener | undefined {
  const call = holder?.[CALL];
  if (call?.execution.observed !== true) return undefined;
  return {
    set: (attributes) => {
      call.execution.set(attributes);
    },
    event: (name, attributes) => {
      call.execution.event(name, attributes);
    },
    succeed: (answer) => {
      call.answer = answer;
    },
    fail: () => {},
    cancel: () => {},
  };
}
