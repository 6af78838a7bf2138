import { context, createContextKey } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { intercept, module } from '@throughline/core';
import type { AnyExecution, ModuleTarget, Operation, ServerAddress, Telemetry } from '@throughline/core';

/** One call of a cluster, which makes an attempt at each node that it is sent to. */
interface ClusterCall {
  /** The recorded call that a node has sent elsewhere. */
  redirected?: AnyExecution | undefined;
  /** Where it was sent to. */
  server?: ServerAddress | undefined;
  over?: boolean;
}

const CLUSTER_CALL = createContextKey('throughline.redis.cluster-call');

/** On what an attempt is described by. */
const CALL: unique symbol = Symbol('throughline.cluster-call');

export interface Attempt {
  [CALL]?: ClusterCall;
}

/**
 * Starts recording a command of redis, or goes on with the call that another node of the cluster has sent here.
 *
 * @param name of the command; `undefined` for a batch.
 * @param server whom this attempt is for.
 */
export function startAttempt<Input extends Attempt>(
  telemetry: Telemetry,
  operation: Operation<Input>,
  input: Input,
  name: string | undefined,
  server: (input: Input) => ServerAddress | undefined,
  active: Context = context.active(),
): AnyExecution | undefined {
  const call = active.getValue(CLUSTER_CALL) as ClusterCall | undefined;
  // A connection that was opened during a call keeps its context for ever.
  if (call === undefined || call.over === true) return telemetry.start(operation, input, active);
  const { redirected } = call;
  if (redirected === undefined) {
    input[CALL] = call;
    return telemetry.start(operation, input, active);
  }
  // Between the attempts the client asks the node for the slots.
  if (name === 'CLUSTER') return undefined;
  input[CALL] = call;
  call.redirected = undefined;
  call.server = server(input);
  return redirected;
}

/** Ends an attempt, or, when a node has sent the call elsewhere, leaves the end to the next attempt. */
export function failAttempt(execution: AnyExecution | undefined, { [CALL]: call }: Attempt, error: unknown): void {
  if (call !== undefined && error instanceof Error && /^(?:ASK|MOVED) /.test(error.message))
    call.redirected = execution;
  else execution?.fail(error);
}

/** The node to which a call was redirected. */
export function redirectedTo({ [CALL]: call }: Attempt): ServerAddress | undefined {
  return call?.server;
}

/** Part of the protocol of a redirect, and no command of the application. */
export function isAsking(name: unknown): boolean {
  return typeof name === 'string' && name.length === 6 && name.toUpperCase() === 'ASKING';
}

interface Cluster {
  _execute(...args: unknown[]): Promise<unknown>;
}

/** redis 5 and 6: all attempts of a cluster's call are one span. In redis 4 the method is private. */
export const nodeRedisCluster: ModuleTarget = module<{ readonly default?: { readonly prototype?: Cluster } }>(
  '@redis/client',
  '>=5 <7',
  ['dist/lib/cluster/index.js'],
  ({ default: { prototype } = {} }) => [
    prototype !== undefined && '_execute' in prototype && intercept(prototype, '_execute', execute),
  ],
);

const execute: Parameters<typeof intercept>[2] = (original, telemetry) =>
  function (this: unknown, ...args: never[]): unknown {
    if (!telemetry.enabled) return Reflect.apply(original, this, args);
    const call: ClusterCall = {};
    const returned = context.with(context.active().setValue(CLUSTER_CALL, call), () =>
      Reflect.apply(original, this, args),
    );
    if (!(returned instanceof Promise)) return returned;
    return returned.then(
      (value: unknown) => {
        call.over = true;
        return value;
      },
      (error: unknown) => {
        call.over = true;
        call.redirected?.fail(error);
        throw error;
      },
    );
  };
