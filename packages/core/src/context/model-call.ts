import { createContextKey } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { shared } from '../shared.js';

/**
 * How a framework and the client library below it agree on who owns a model call, so that its tokens are counted once.
 * The framework offers the call before it runs; the client's operation claims it. A claimed call has its tokens,
 * metrics and content on the client's span, and the framework's span gives structure only.
 */
export interface ModelCall {
  /** The framework that offers the call: `langchain`. */
  readonly owner: string;
  /** The provider of the client that recorded the call, once one did. */
  claimedBy: string | undefined;
}

const MODEL_CALL = createContextKey('throughline.model_call');

/** The context in which the client library is to run. */
export function offerModelCall(context: Context, call: ModelCall): Context {
  return context.setValue(MODEL_CALL, call);
}

/** Takes the offered call, if there is one, and gives the context without it: a call is claimed by the first that asks. */
export function claimModelCall(context: Context, provider: string): Context {
  const call = context.getValue(MODEL_CALL) as ModelCall | undefined;
  if (call === undefined) return context;
  call.claimedBy ??= provider;
  return context.deleteValue(MODEL_CALL);
}

/** Whether an adapter that records this provider's calls is on. */
export function isProviderTraced(provider: string): boolean {
  return (shared().tracedProviders.get(provider) ?? 0) > 0;
}

/** Says that the calls of a provider are recorded from now on; answers what takes it back. */
export function declareProvider(provider: string): () => void {
  const { tracedProviders } = shared();
  tracedProviders.set(provider, (tracedProviders.get(provider) ?? 0) + 1);
  let declared = true;
  return () => {
    if (declared) tracedProviders.set(provider, (tracedProviders.get(provider) ?? 1) - 1);
    declared = false;
  };
}
