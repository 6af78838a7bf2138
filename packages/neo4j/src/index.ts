import { adapter, module } from '@throughline/core';
import type { Adapter, AnyFunction, ModuleTarget, Target } from '@throughline/core';
import type { Driver, Session, Transaction } from 'neo4j-driver';
import manifest from '../package.json' with { type: 'json' };
import { executeQuery } from './execute-query.js';
import { options } from './options.js';
import type { Neo4jOptions, Settings } from './options.js';
import { rxSessionTargets } from './rx-session.js';
import type { RxSessionInternals } from './rx-session.js';
import { sessionTargets } from './session.js';
import { transactionTargets } from './transaction.js';

export type { Neo4jOptions } from './options.js';

/**
 * Traces neo4j-driver and neo4j-driver-lite 5 and 6: queries, transaction functions with their attempts, and the
 * BEGIN, COMMIT and ROLLBACK of transactions.
 */
export const neo4j: Adapter<Neo4jOptions> = adapter({
  name: 'neo4j',
  packageName: manifest.name,
  version: manifest.version,
  options,
  targets: (settings) => [driverCore(settings), rxSession(settings)],
});

/** Both packages pass on the Session and the Transaction of neo4j-driver-core, and extend its Driver. */
interface Exports {
  readonly Session?: { readonly prototype: Session };
  readonly Transaction?: { readonly prototype: Transaction };
  readonly Driver?: { readonly prototype: Driver };
}

const driverCore = (settings: Settings): ModuleTarget =>
  module<Exports>('neo4j-driver-core', '>=5 <7', ['lib/index.js'], ({ Session, Transaction, Driver }) =>
    typeof Session?.prototype?.executeWrite === 'function' && Transaction !== undefined && Driver !== undefined
      ? [
          ...sessionTargets(Session.prototype, settings),
          ...transactionTargets(Transaction.prototype, settings),
          driverTarget(Driver.prototype, settings),
        ]
      : [],
  );

/** Only the full driver has it. */
const rxSession = (settings: Settings): ModuleTarget =>
  module<{ readonly RxSession?: { readonly prototype: object } }>(
    'neo4j-driver',
    '>=5 <7',
    ['lib/index.js'],
    ({ RxSession }) =>
      RxSession === undefined ? [] : rxSessionTargets(RxSession.prototype as RxSessionInternals, settings),
  );

/** Not before 5.5. The class that the program has inherits it, so that patching that one would trace a call twice. */
function driverTarget(prototype: Driver, settings: Settings): Target | undefined {
  let owner: object | null = prototype;
  while (owner !== null && !Object.hasOwn(owner, 'executeQuery')) owner = Object.getPrototypeOf(owner) as object | null;
  return owner === null ? undefined : executeQuery(owner as { executeQuery: AnyFunction }, settings);
}
