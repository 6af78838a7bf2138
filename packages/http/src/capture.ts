import { queryRule } from '@throughline/core';
import type { HttpCapture } from '@throughline/core';
import type { HttpSettings } from './options.js';

/** What of requests and answers the options show, outgoing and incoming. */
export function captureOf(settings: HttpSettings): HttpCapture {
  return {
    query: queryRule(settings.captureQuery, settings.redactQuery),
    // As attributes have them.
    requestHeaders: settings.captureRequestHeaders.map((name) => name.toLowerCase()),
    responseHeaders: settings.captureResponseHeaders.map((name) => name.toLowerCase()),
  };
}
