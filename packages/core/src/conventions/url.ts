/**
 * Query keys whose value is shown: those that say how much or which page, never who or what. An allow-list: every
 * other value is `REDACTED`, beyond what the conventions ask for.
 */
const PLAIN_KEYS = new Set([
  'alt',
  'api-version',
  'format',
  'limit',
  'offset',
  'page',
  'page_size',
  'per_page',
  'sort',
  'stream',
  'v',
  'version',
]);

/** `url.full` and `url.query` without credentials, without the values of query parameters, without a fragment. */
export function redactUrl(url: string): string {
  const fragmentAt = url.indexOf('#');
  const withoutFragment = fragmentAt === -1 ? url : url.slice(0, fragmentAt);
  const queryAt = withoutFragment.indexOf('?');
  const base = queryAt === -1 ? withoutFragment : withoutFragment.slice(0, queryAt);
  // Up to the last @ before the path: a password may hold one.
  const safe = base.includes('@') ? base.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1REDACTED:REDACTED@') : base;
  return queryAt === -1 ? safe : `${safe}?${redactQuery(withoutFragment.slice(queryAt + 1))}`;
}

/** A query without the values that are not known to be harmless; keys are kept. */
export function redactQuery(query: string): string {
  return query
    .split('&')
    .map((pair) => {
      const at = pair.indexOf('=');
      if (at === -1) return pair === '' ? pair : 'REDACTED';
      const key = pair.slice(0, at);
      return PLAIN_KEYS.has(key) ? pair : `${key}=REDACTED`;
    })
    .join('&');
}
