/* oxlint-disable no-underscore-dangle -- the driver has no other names for it */
import { context } from '@opentelemetry/api';
import { guard, intercept } from '@throughline/core';
import type { AnyExecution, Operation, Target, Telemetry } from '@throughline/core';
import { adopt } from './adopt.js';
import { nextAttempt } from './attempts.js';
import { attemptOperation, reasonOf, transactionOperation } from './describe.js';
import type { Attempt } from './describe.js';
import { destinationOf } from './driver.js';
import type { SessionInternals } from './driver.js';
import type { Settings } from './options.js';

/** What neo4j-driver's RxSession keeps to itself, the same in 5 and 6. */
export interface RxSessionInternals {
  readonly _session?: SessionInternals;
  readonly _retryLogic?: RetryLogic;
  executeRead(...args: unknown[]): unknown;
  executeWrite(...args: unknown[]): unknown;
  /** Only 5 has these two. */
  readTransaction?(...args: unknown[]): unknown;
  writeTransaction?(...args: unknown[]): unknown;
  _runTransaction(...args: unknown[]): unknown;
}

interface RetryLogic {
  /** Subscribes to `work` for each attempt. */
  retry(work: Observable): Observable;
}

/** What is used of an Observable of rxjs. */
interface Observable {
  readonly constructor: unknown;
  subscribe(observer: Observer): Subscription;
}

interface Observer {
  next(value: unknown): void;
  error(error: unknown): void;
  complete(): void;
}

interface Subscription {
  add(teardown: () => void): void;
}

/** A reactive session's transaction functions, and their attempts. Its queries go through the session inside. */
export function rxSessionTargets(prototype: RxSessionInternals, settings: Settings): readonly Target[] {
  const attempt = attemptOperation(settings);
  return [
    ...(['executeRead', 'executeWrite', 'readTransaction', 'writeTransaction'] as const).map((name) =>
      transactionFunction(prototype, name, settings),
    ),
    intercept(prototype, '_runTransaction', (original, telemetry) => {
      return function (this: unknown, ...args: never[]): unknown {
        const { _retryLogic: logic } = this as RxSessionInternals;
        if (logic !== undefined) adopt(logic, telemetry, (_, now) => observeRetries(logic, attempt, now));
        return Reflect.apply(original, this, args);
      };
    }),
  ];
}

function transactionFunction(
  prototype: RxSessionInternals,
  name: 'executeRead' | 'executeWrite' | 'readTransaction' | 'writeTransaction',
  settings: Settings,
): Target {
  const operation = transactionOperation(settings, name, true);
  return intercept(prototype, name, (original, telemetry) => {
    return function (this: unknown, ...args: never[]): unknown {
      const returned = Reflect.apply(original, this, args) as Observable;
      const { _session: session } = this as RxSessionInternals;
      const start = (): AnyExecution | undefined =>
        telemetry.start(operation, destinationOf(session?._writeConnectionHolder));
      return guard('following a reactive transaction', () => observed(returned, start)) ?? returned;
    };
  });
}

function observeRetries(logic: RetryLogic, operation: Operation<Attempt>, telemetry: () => Telemetry): void {
  const { retry } = logic;
  logic.retry = function (work) {
    return derived(work, (observer) => {
      let attempt: Attempt | undefined;
      // An attempt is begun by the failure of the one before, inside of that.
      const parent = context.active();
      const start = (): AnyExecution | undefined => {
        attempt = nextAttempt(attempt);
        return telemetry().start(operation, attempt, parent);
      };
      const failed = (error: unknown): void => {
        if (attempt !== undefined) attempt.failure = reasonOf(error);
      };
      return retry.call(this, observed(work, start, failed)).subscribe(observer);
    });
  };
}

/**
 * Each subscription is a call: it begins with it, and its end is that of the subscription. What the observer does with
 * a value belongs to whoever has subscribed.
 */
function observed(
  source: Observable,
  start: () => AnyExecution | undefined,
  failed: (error: unknown) => void = () => {},
): Observable {
  return derived(source, (observer) => {
    const execution = start();
    if (execution === undefined) return source.subscribe(observer);
    const subscribed = context.active();
    const subscription = execution.run(() =>
      source.subscribe({
        next(value) {
          context.with(subscribed, () => observer.next(value));
        },
        error(error) {
          failed(error);
          execution.fail(error);
          context.with(subscribed, () => observer.error(error));
        },
        complete() {
          execution.succeed();
          context.with(subscribed, () => observer.complete());
        },
      }),
    );
    subscription.add(() => {
      execution.cancel();
    });
    return subscription;
  });
}

/** An observable of the same class, which is rxjs' own: the adapter has no rxjs. */
function derived(source: Observable, subscribe: (observer: Observer) => Subscription): Observable {
  const Same = source.constructor as new (onSubscribe: typeof subscribe) => Observable;
  return new Same(subscribe);
}
