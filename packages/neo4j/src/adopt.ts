import { guard } from '@throughline/core';
import type { Telemetry } from '@throughline/core';

const TELEMETRY = Symbol('throughline.telemetry');

/**
 * Wraps an object itself, once, where no class that is exported has what is to be seen: a session's executor, a
 * driver's pool. It can outlive the instrumentation that saw it first, so `wrap` asks for the present one each time;
 * that may be turned off and start nothing.
 */
export function adopt<T extends object>(
  object: T,
  telemetry: Telemetry,
  wrap: (object: T, telemetry: () => Telemetry) => void,
): void {
  const adopted = object as T & { [TELEMETRY]?: Telemetry };
  const isNew = adopted[TELEMETRY] === undefined;
  adopted[TELEMETRY] = telemetry;
  if (isNew) guard('looking into the Neo4j driver', () => wrap(object, () => adopted[TELEMETRY] as Telemetry));
}
