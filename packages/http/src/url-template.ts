import { guard, serverOf } from '@throughline/core';
import type { OptionRule } from '@throughline/core';
import { pathOf } from './patterns.js';

/** An outgoing request, as the hook `httpTemplate` sees it. */
export interface OutgoingRequest {
  readonly method: string;
  /** As requested, its secrets included. */
  readonly url: string;
}

/** Answers the template of a request's path, `/users/{id}`, or `undefined` where it knows none. */
export type HttpTemplate = (request: OutgoingRequest) => string | undefined;

export function templates(): OptionRule<readonly string[]> {
  return {
    accepts: 'a list of paths such as /users/{id}, with or without https://host in front',
    default: [],
    test: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string' && PARTS.test(one)),
  };
}

const PARTS = /^(https?:\/\/[^/?#]+)?(\/[^?#]*)$/;

/**
 * The template of a request: what the hook answers, else the first of `urlTemplates` that fits. `{id}` stands for one
 * segment of the path, `{path*}` as its end for the rest.
 */
export function templateOf(urlTemplates: readonly string[], hook: HttpTemplate | undefined): HttpTemplate | undefined {
  if (urlTemplates.length === 0 && hook === undefined) return undefined;
  const known = urlTemplates.map((text) => {
    const [, origin, path = ''] = PARTS.exec(text) ?? [];
    return { server: serverOf(origin), path, fits: expression(path) };
  });
  return (request) => {
    const chosen: unknown = hook === undefined ? undefined : guard('the hook httpTemplate', () => hook(request));
    if (typeof chosen === 'string' && chosen !== '') return chosen;
    if (known.length === 0) return undefined;
    const path = pathOf(request.url);
    const server = serverOf(request.url);
    return known.find(
      (one) =>
        one.fits.test(path) &&
        (one.server === undefined || (one.server.address === server?.address && one.server.port === server.port)),
    )?.path;
  };
}

function expression(path: string): RegExp {
  const source = path
    .split(/(\{[^}]*\})/)
    .map((part, index) => {
      if (index % 2 === 0) return part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
      return part.endsWith('*}') ? '.*' : '[^/]+';
    })
    .join('');
  return new RegExp(`^${source}$`);
}
