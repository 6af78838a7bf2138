import { intercept } from '@throughline/core';
import type { AnyFunction, Telemetry } from '@throughline/core';
import type { EventEmitter } from 'node:events';

/** Takes the place of `emit`; it must call `emit` with these. */
export type AroundEmit = (emit: AnyFunction, self: object, args: readonly unknown[]) => unknown;

/** Sees the events of emitters without a listener, which the program could count. */
export interface EmitWatch {
  /** Call it with the owner of each emitter's `emit`; it is replaced the first time. */
  on(owner: object): void;
  detach(): void;
}

/**
 * Replaces `emit` on prototypes when their first instance comes by, and not earlier: node:http and node:https take
 * milliseconds to load, and a program that never uses them does not load them because of us.
 */
export function watchEmit(telemetry: Telemetry, around: AroundEmit): EmitWatch {
  const watched = new Map<object, () => void>();
  return {
    on(owner) {
      if (watched.has(owner)) return;
      const emitter = owner as { emit: AnyFunction };
      const { emit } = emitter;
      const target = intercept(emitter, 'emit', (original) => {
        return function (this: unknown, ...args): unknown {
          return around(original, this as object, args);
        };
      });
      const undo = target(telemetry);
      // An instrumentation that was disabled can be there still, until its last request has ended.
      if (emitter.emit !== emit) watched.set(owner, undo);
    },
    detach() {
      for (const undo of watched.values()) undo();
      watched.clear();
    },
  };
}

/** Sees the `close` of one emitter without a listener: its own `emit` stands there until then. */
export function whenClosed(emitter: EventEmitter, seen: () => void): void {
  const own = Object.getOwnPropertyDescriptor(emitter, 'emit');
  const { emit } = emitter;
  const replacement = function (this: EventEmitter, ...args: Parameters<typeof emit>): boolean {
    if (args[0] === 'close') {
      if (Object.getOwnPropertyDescriptor(emitter, 'emit')?.value === replacement) {
        if (own === undefined) Reflect.deleteProperty(emitter, 'emit');
        else Object.defineProperty(emitter, 'emit', own);
      }
      seen();
    }
    return Reflect.apply(emit, this, args);
  };
  Object.defineProperty(emitter, 'emit', { configurable: true, enumerable: false, writable: true, value: replacement });
}
