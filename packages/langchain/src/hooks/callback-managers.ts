import { guard, intercept, module } from '@throughline/core';
import type { ModuleTarget, Operation, Telemetry } from '@throughline/core';
import { isOurs, TracingHandler } from '../handler.js';
import { handlerOf, parentRunOf } from '../run-lookup.js';
import type { Tracing } from '../tracing.js';
import { record } from '../callback-data.js';
import { inRun } from '../run.js';

/** A callback manager, as far as it is touched here. */
interface Manager {
  handlers: object[];
  inheritableHandlers: object[];
  getParentRunId(): string | undefined;
  addHandler(handler: object, inherit: boolean): void;
}

interface ManagerExports {
  readonly CallbackManager?: { _configureSync(...args: unknown[]): Manager | undefined };
}

/** Every run asks for its callbacks here: a root gets a handler of ours. */
export function callbackManagers(versions: string, tracingFor: (telemetry: Telemetry) => Tracing): ModuleTarget {
  const files = ['dist/callbacks/manager.js', 'dist/callbacks/manager.cjs'];
  return module<ManagerExports>('@langchain/core', versions, files, ({ CallbackManager }) => [
    CallbackManager &&
      intercept(CallbackManager, '_configureSync', (original, telemetry) => {
        const tracing = tracingFor(telemetry);
        return function (this: unknown, ...args: never[]): unknown {
          const [inheritable, local, ...rest] = args as unknown[];
          if (entering) {
            entering = false;
            return Reflect.apply(original, this, args);
          }
          const known = handlerOf(inheritable) !== undefined;
          if (!known && !isWatched(telemetry)) return Reflect.apply(original, this, args);
          if (!inheritable && !local) {
            return Reflect.apply(original, this, [[new TracingHandler(tracing)], local, ...rest] as never[]);
          }
          const manager = Reflect.apply(original, this, args);
          // A copy: what the program passed is never changed.
          guard('joining the callbacks', () => {
            if (manager !== undefined && manager !== inheritable) join(manager as Manager, tracing);
          });
          return manager;
        };
      }),
  ]);
}

/** Leaves one handler of ours in a manager. Merged configurations of two roots have two. */
function join(manager: Manager, tracing: Tracing): void {
  const ours = manager.handlers.filter(isOurs);
  if (ours.length === 0) manager.addHandler(new TracingHandler(tracing), true);
  if (ours.length < 2) return;
  const kept = ours.find((handler) => handler.find(manager.getParentRunId()) !== undefined) ?? ours.at(-1);
  const stays = (handler: object): boolean => handler === kept || !isOurs(handler);
  manager.handlers = manager.handlers.filter(stays);
  manager.inheritableHandlers = manager.inheritableHandlers.filter(stays);
}

/** Whether a span started now would be seen by anybody: the operation leaves every call out, and is asked only then. */
function isWatched(telemetry: Telemetry): boolean {
  let asked = false;
  const probe: Operation<undefined> = {
    describe() {
      asked = true;
      return undefined;
    },
  };
  telemetry.start(probe, undefined);
  return asked;
}

/** Whether it is `runWithConfig` that asks, which looks for a parent only; it does so for every chunk of a stream. */
let entering = false;

interface StorageExports {
  readonly AsyncLocalStorageProviderSingleton?: object;
}

interface StorageProvider {
  runWithConfig(config: unknown, step: () => unknown, ...rest: unknown[]): unknown;
}

/** LangChain's own context: functions, nodes and generators of the program run in it, with the callbacks of their run. */
export function asyncLocalStorage(versions: string): ModuleTarget {
  const folder = 'dist/singletons/async_local_storage';
  const files = [`${folder}/index.js`, `${folder}/index.cjs`];
  return module<StorageExports>(
    '@langchain/core',
    versions,
    files,
    ({ AsyncLocalStorageProviderSingleton: provider }) => [
      provider &&
        intercept(Object.getPrototypeOf(provider) as StorageProvider, 'runWithConfig', (original) => {
          return function (this: unknown, ...args: never[]): unknown {
            const [config, step, ...rest] = args as unknown as Parameters<StorageProvider['runWithConfig']>;
            const run = parentRunOf(record(config)?.['callbacks']);
            entering = true;
            try {
              const inside = (): unknown => inRun(run, step);
              return Reflect.apply(original, this, [config, inside, ...rest] as never[]);
            } finally {
              entering = false;
            }
          };
        }),
    ],
  );
}
