import type { Target, Telemetry } from '@throughline/core';

/** Two ways to the same calls, of which one is attached at a time. */
export interface Instead {
  /** Attached as long as there is nothing better. */
  readonly fallback: Target;
  /** To be attached with each better way. */
  readonly better: Target;
}

/** Makes a target a fallback: it is detached while anything better is attached. */
export function instead(target: Target): Instead {
  let telemetry: Telemetry | undefined;
  let better = 0;
  let detach: (() => void) | undefined;
  const update = (): void => {
    if (telemetry !== undefined && better === 0) detach ??= target(telemetry);
    else {
      detach?.();
      detach = undefined;
    }
  };
  return {
    fallback(by) {
      telemetry = by;
      update();
      return () => {
        telemetry = undefined;
        update();
      };
    },
    better() {
      better += 1;
      update();
      return () => {
        better -= 1;
        update();
      };
    },
  };
}
