import { channel as diagnosticsChannel } from 'node:diagnostics_channel';
import { diag } from '@opentelemetry/api';
import type { AnyExecution, Execution } from './execution.js';
import type { Follow } from './follow/follow.js';
import { whenSettled } from './follow/when-settled.js';
import { reportFailure } from './guard.js';
import type { Operation } from './operation.js';
import { isWrappedByOthers, patch } from './patch.js';
import type { AnyFunction } from './patch.js';
import { shared } from './shared.js';
import type { Telemetry } from './telemetry.js';

/** Where calls happen. Attaches, and answers what detaches: undo cannot drift from do. */
export type Target = (telemetry: Telemetry) => () => void;

/** A call of a method: its `this` and its arguments. */
export interface Call<Self = unknown, Args extends readonly unknown[] = readonly unknown[]> {
  readonly self: Self;
  readonly args: Args;
}

/** The names of an object's methods. */
export type MethodName<Owner> = {
  [Name in keyof Owner]-?: NonNullable<Owner[Name]> extends (...args: never[]) => unknown ? Name : never;
}[keyof Owner];

/** The call of a method, typed by the vendor's own declaration. */
export type CallOf<Owner, Name extends keyof Owner> =
  NonNullable<Owner[Name]> extends (...args: infer Args) => unknown ? Call<Owner, Args> : never;

/**
 * Records each call of a method. A method that this version of the library does not have is passed over.
 *
 * @param owner usually a prototype, so that instances made before are covered.
 * @param follow how to watch what the method returns until the call is over; promises by default.
 */
export function method<Owner extends object, Name extends MethodName<Owner>, Output, Chunk>(
  owner: Owner,
  name: Name,
  operation: Operation<CallOf<Owner, Name>, Output, Chunk>,
  follow: Follow = whenSettled,
): Target {
  return intercept(owner, name, (original, telemetry) => {
    return function (this: unknown, ...args: never[]): unknown {
      const input = { self: this, args } as unknown as CallOf<Owner, Name>;
      const execution = telemetry.start(operation, input);
      if (execution === undefined) return Reflect.apply(original, this, args);
      let returned: unknown;
      try {
        returned = execution.run(() => Reflect.apply(original, this, args));
      } catch (error) {
        execution.fail(error);
        throw error;
      }
      return execution.observed ? followed(follow, returned, execution) : returned;
    };
  });
}

/** Applies a follow; when it fails, the program gets what the library returned and the span ends. */
export function followed<R>(follow: Follow, returned: R, execution: AnyExecution): R {
  try {
    return follow(returned, execution);
  } catch (error) {
    reportFailure('following a call', error);
    execution.succeed();
    return returned;
  }
}

/**
 * Replaces a method by hand, where `method` does not fit. `wrap` makes the replacement; it must call the original
 * exactly as the program called it.
 */
export function intercept<Owner extends object>(
  owner: Owner,
  name: keyof Owner,
  wrap: (original: AnyFunction, telemetry: Telemetry) => AnyFunction,
): Target {
  return (telemetry) => {
    const { patched } = shared();
    const key = `${telemetry.name}.${String(name)}`;
    const names = patched.get(owner) ?? new Set();
    if (names.has(key)) return () => {};
    if (typeof owner[name] !== 'function') {
      diag.debug(`throughline: ${telemetry.name} has no ${String(name)} in this version`);
      return () => {};
    }
    if (isWrappedByOthers(owner[name])) telemetry.noteConflict(String(name));
    const detach = patch(owner, name, (original) => wrap(original, telemetry));
    patched.set(owner, names.add(key));
    return () => {
      names.delete(key);
      detach();
    };
  };
}

/** Subscribes to a diagnostics channel by hand. What the handler throws stays here. */
export function listen(name: string, handler: (message: never, telemetry: Telemetry) => void): Target {
  return (telemetry) => {
    const subscriber = (message: unknown): void => {
      try {
        handler(message as never, telemetry);
      } catch (error) {
        reportFailure(`the channel ${name}`, error);
      }
    };
    const subject = diagnosticsChannel(name);
    subject.subscribe(subscriber);
    return () => {
      subject.unsubscribe(subscriber);
    };
  };
}

/**
 * Records each call that a library publishes on a tracing channel (`TracingChannel` of `node:diagnostics_channel`).
 * The channel's message is the operation's input; `message.result` is its output.
 *
 * @param name without the prefix `tracing:`, as the library documents it: `node-redis:command`.
 */
export function channel<Message extends object, Output, Chunk>(
  name: string,
  operation: Operation<Message, Output, Chunk>,
): Target {
  // A symbol property of the message: an entry in a WeakMap costs 8 µs a call.
  const EXECUTION = Symbol(`throughline.${name}`);
  type Traced = Message & { [EXECUTION]?: Execution<Message, Output, Chunk>; error?: unknown; result?: Output };
  const targets = [
    listen(`tracing:${name}:start`, (message: Traced, telemetry) => {
      const execution = telemetry.start(operation, message);
      if (execution?.observed === true) message[EXECUTION] = execution;
    }),
    listen(`tracing:${name}:error`, (message: Traced) => message[EXECUTION]?.fail(message.error)),
    // A call that is over when it returns has no asyncStart; one that goes on has no result yet.
    listen(`tracing:${name}:end`, (message: Traced) => {
      if ('result' in message && !isPromiseLike(message.result)) message[EXECUTION]?.succeed(message.result);
    }),
    listen(`tracing:${name}:asyncStart`, (message: Traced) => {
      if (!('error' in message)) message[EXECUTION]?.succeed(message.result);
    }),
  ];
  return all(targets);
}

function isPromiseLike(value: unknown): boolean {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function';
}

/** Several targets as one. When one cannot attach, those before it are detached again. */
export function all(targets: readonly (Target | false | undefined)[]): Target {
  return (telemetry) => {
    const detach: (() => void)[] = [];
    const undo = (): void => {
      for (const one of detach.splice(0).toReversed()) one();
    };
    try {
      for (const target of targets) if (target) detach.push(target(telemetry));
    } catch (error) {
      undo();
      throw error;
    }
    return undo;
  };
}
