import { serverOf } from '@throughline/core';
import type { OptionRule, ServerAddress } from '@throughline/core';

/** A host or a path as it stands, or a regular expression for all of it. */
export type Pattern = string | RegExp;

export function patterns(accepts: string): OptionRule<readonly Pattern[]> {
  return {
    accepts,
    default: [],
    test: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string' || one instanceof RegExp),
  };
}

/** Whether a request goes to one of these hosts or paths, or its URL is one of these. */
export function goesTo(places: readonly Pattern[], url: string, { address, port }: ServerAddress): boolean {
  return places.some((place) => {
    if (typeof place !== 'string') return matches(place, url);
    if (place.startsWith('/')) return place === pathOf(url);
    return place === address || place === `${address}:${port}`;
  });
}

/** The path of a URL, without its query. */
export function pathOf(url: string): string {
  return /^(?:[a-z][a-z0-9+.-]*:\/\/)?[^/?#]*([^?#]*)/i.exec(url)?.[1] || '/';
}

export function isPath(paths: readonly Pattern[], path: string): boolean {
  return paths.some((one) => (typeof one === 'string' ? one === path : matches(one, path)));
}

/** Unlike `test`, it takes no notice of what an expression with the flag `g` matched before. */
function matches(expression: RegExp, text: string): boolean {
  return text.search(expression) !== -1;
}

const servers = new Map<string, ServerAddress | undefined>();

/** The server of an origin, remembered: a program talks to few of them. `undefined` for what is no origin. */
export function serverAt(origin: string): ServerAddress | undefined {
  let server = servers.get(origin);
  if (server === undefined) {
    if (servers.size >= 1000) servers.clear();
    server = serverOf(origin);
    servers.set(origin, server);
  }
  return server;
}
