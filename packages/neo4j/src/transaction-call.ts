import { followed, intercept, whenSettled } from '@throughline/core';
import type { AnyExecution, Target, Telemetry } from '@throughline/core';

/** A method of a session or a transaction that answers a promise, which ends the call. */
export function transactionCall<Self>(
  prototype: object,
  name: string,
  start: (self: Self, telemetry: Telemetry) => AnyExecution | undefined,
): Target {
  return intercept(prototype as Record<string, unknown>, name, (original, telemetry) => {
    return function (this: unknown, ...args: never[]): unknown {
      const execution = start(this as Self, telemetry);
      if (execution === undefined) return Reflect.apply(original, this, args);
      let returned: unknown;
      try {
        returned = execution.run(() => Reflect.apply(original, this, args));
      } catch (error) {
        execution.fail(error);
        throw error;
      }
      return execution.observed ? followed(whenSettled, returned, execution) : returned;
    };
  });
}
