import { adapter, all, builtin, flag, published } from '@throughline/core';
import type { Adapter } from '@throughline/core';
import manifest from '../package.json' with { type: 'json' };
import { nodeClient } from './node-client.js';
import { nodeServer } from './node-server.js';
import { patterns } from './patterns.js';
import type { Pattern } from './patterns.js';
import { undici } from './undici.js';

/** Options of `http()`. */
export interface HttpOptions {
  /** Trace outgoing requests. Default: true. */
  client?: boolean;
  /** Trace incoming requests. Default: true. */
  server?: boolean;
  /**
   * Outgoing requests to leave alone: no span, no trace headers. A text is a host, `api.example.com` or
   * `localhost:4318`; a regular expression is tried on the whole URL. Default: none.
   */
  ignoreOutgoing?: readonly (string | RegExp)[];
  /**
   * Incoming requests to leave out, with all that their handlers do. A text is a path, `/health`; a regular
   * expression is tried on the path. Default: none.
   */
  ignoreIncoming?: readonly (string | RegExp)[];
  /** Where baggage is sent, as in `ignoreOutgoing`; the trace's ids go everywhere. Default: nowhere. */
  propagateBaggageTo?: readonly (string | RegExp)[];
}

interface HttpSettings {
  readonly client: boolean;
  readonly server: boolean;
  readonly ignoreOutgoing: readonly Pattern[];
  readonly ignoreIncoming: readonly Pattern[];
  readonly propagateBaggageTo: readonly Pattern[];
}

/** Traces fetch, undici 6 to 8, and clients and servers of node:http and node:https. */
export const http: Adapter<HttpOptions> = adapter<HttpOptions, HttpSettings>({
  name: 'http',
  packageName: manifest.name,
  version: manifest.version,
  options: {
    client: flag(true),
    server: flag(true),
    ignoreOutgoing: patterns('a list of hosts and regular expressions'),
    ignoreIncoming: patterns('a list of paths and regular expressions'),
    propagateBaggageTo: patterns('a list of hosts and regular expressions'),
  },
  targets: (settings) => [
    // undici publishes on the channels that are listened to for fetch.
    ...(settings.client ? [builtin('fetch', undici(settings)), published('undici', '>=6 <9', all([]))] : []),
    ...(settings.client || settings.server
      ? [builtin('node:http', all([settings.client && nodeClient(settings), settings.server && nodeServer(settings)]))]
      : []),
  ],
});
