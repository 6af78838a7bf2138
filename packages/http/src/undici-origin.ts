import { context } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { dispatchedCall } from './undici-dispatch.js';

/** Where a request on the wire comes from. */
export interface Origin {
  /** The context of the program's call. */
  readonly context: Context;
  /** 0 for the first attempt; redirects and retries count. */
  readonly resends: number;
}

interface Redirect extends Origin {
  readonly from: object;
  readonly to: string;
  readonly at: number;
}

const ORIGIN = Symbol('throughline.http.origin');

/** What all attempts of a request have in common. */
interface Attempts {
  [ORIGIN]?: Origin;
}

/** What undici tells about a request: its own classes, or the object that fetch makes. */
interface Handler extends Attempts {
  /** Handlers of `request`, `stream` and `pipeline` are `AsyncResource`s: they know the context of the call. */
  readonly runInAsyncScope?: (read: () => Context) => Context;
  /** What follows redirects and repeats requests holds the program's handler, and is itself the same for all attempts. */
  readonly handler?: Handler;
  /** Why the program's signal ended the request: handlers of `request`, `stream` and `pipeline` know. */
  readonly reason?: unknown;
}

/** How long a redirect is expected to be followed. */
const FOLLOWED_WITHIN = 1000;
const MOST_REDIRECTS = 64;

/**
 * Finds the call behind a request. undici publishes a request when it is about to be sent, which is not always in the
 * context of the call: one that waited for a connection of a pool, the next hop of a redirect and a retry start in
 * whatever context the socket's last event had.
 */
export function originOfRequests(): {
  of(request: object, url: string): Origin;
  redirected(request: object, origin: Origin, location: string, url: string): void;
  completed(request: object): void;
  /** The reason of an abort that came before the request was sent. */
  abortReason(request: object): unknown;
} {
  const keys: symbol[] = [];
  const redirects: Redirect[] = [];
  let following: Redirect | undefined;

  function handlerOf(request: object): Handler | undefined {
    // Each copy of undici has a symbol of its own.
    let key = keys.find((one) => one in request);
    if (key === undefined) {
      key = Object.getOwnPropertySymbols(request).find((one) => one.description === 'handler');
      if (key === undefined) return undefined;
      keys.push(key);
    }
    return (request as { [key: symbol]: Handler | undefined })[key];
  }

  function follow(url: string, within: Context): Redirect | undefined {
    const index = redirects.findIndex((one) => one.to === url && one.context === within);
    const found = index === -1 ? undefined : redirects.splice(index, 1)[0];
    return found !== undefined && performance.now() - found.at < FOLLOWED_WITHIN ? found : undefined;
  }

  return {
    of(request, url) {
      const handler = handlerOf(request);
      const call = dispatchedCall(handler);
      const caller = call?.context ?? (handler === undefined ? undefined : callerOf(handler));
      // The redirect interceptor of undici 7 sends the next hop before the event of the last one returns.
      const within = caller ?? (following?.to === url ? following.context : context.active());
      // What has one handler for all attempts, or one call.
      const attempts = (call?.repeats === true ? call : handler?.handler === undefined ? undefined : handler) as
        | Attempts
        | undefined;
      const last = attempts?.[ORIGIN] ?? (redirects.length === 0 ? undefined : follow(url, within));
      const origin = { context: within, resends: last === undefined ? 0 : last.resends + 1 };
      if (attempts !== undefined) attempts[ORIGIN] = origin;
      return origin;
    },
    redirected(from, origin, location, url) {
      if (!URL.canParse(location, url)) return;
      const to = new URL(location, url);
      to.hash = '';
      if (redirects.length >= MOST_REDIRECTS) redirects.shift();
      redirects.push({ ...origin, from, to: to.href, at: performance.now() });
    },
    completed(request) {
      if (redirects.length === 0) return;
      following = redirects.find((one) => one.from === request);
      if (following !== undefined) queueMicrotask(() => (following = undefined));
    },
    abortReason(request) {
      for (let at = handlerOf(request); typeof at === 'object' && at !== null; at = at.handler) {
        if (at.reason !== undefined && at.reason !== null) return at.reason;
      }
      return undefined;
    },
  };
}

const readActive = (): Context => context.active();

function callerOf(given: Handler): Context | undefined {
  for (let at: Handler | undefined = given; typeof at === 'object' && at !== null; at = at.handler) {
    if (typeof at.runInAsyncScope === 'function') return at.runInAsyncScope(readActive);
  }
  return undefined;
}
