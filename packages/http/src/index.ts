import { adapter, all, builtin, published } from '@throughline/core';
import type { Adapter } from '@throughline/core';
import manifest from '../package.json' with { type: 'json' };
import { http2Client } from './http2-client.js';
import { nodeClient } from './node-client.js';
import { nodeServer } from './node-server.js';
import { rules } from './options.js';
import type { HttpOptions, HttpSettings } from './options.js';
import { express } from './routes/express.js';
import { fastify } from './routes/fastify.js';
import { hono } from './routes/hono.js';
import { koa } from './routes/koa.js';
import { next } from './routes/next.js';
import { undiciDispatch } from './undici-dispatch.js';
import { undici } from './undici.js';
import type { HttpTemplate, OutgoingRequest } from './url-template.js';

export type { HttpOptions, HttpTemplate, OutgoingRequest };

/** Traces fetch, undici 6 to 8, and clients and servers of node:http, node:https and node:http2. */
export const http: Adapter<HttpOptions> = adapter<HttpOptions, HttpSettings>({
  name: 'http',
  packageName: manifest.name,
  version: manifest.version,
  options: rules,
  targets: (settings) => [
    // undici publishes on the channels that are listened to for fetch.
    ...(settings.client
      ? [builtin('fetch', undici(settings)), published('undici', '>=6 <9', all([])), undiciDispatch]
      : []),
    ...(settings.client || settings.server
      ? [
          builtin('node:http', all([settings.client && nodeClient(settings), settings.server && nodeServer(settings)])),
          // Its servers are seen by the target above.
          builtin('node:http2', all([settings.client && http2Client(settings)])),
        ]
      : []),
    ...(settings.server ? [...express, fastify, hono, koa, next] : []),
  ],
});
