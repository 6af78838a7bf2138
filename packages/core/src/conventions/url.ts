/**
 * Query keys whose value is shown: those that say how much or which page, never who or what. An allow-list: every
 * other value is `REDACTED`, beyond what the conventions ask for.
 */
const PLAIN_KEYS: readonly string[] = [
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
];

/** Query keys that the HTTP conventions name: their values sign requests. They are never shown. */
const SECRET_KEYS: readonly string[] = [
  'AWSAccessKeyId',
  'sig',
  'Signature',
  'X-Amz-Credential',
  'X-Amz-Security-Token',
  'X-Amz-Signature',
  'X-Goog-Signature',
];

/** Whether the value of a query parameter is shown. */
export type QueryRule = (key: string) => boolean;

/**
 * Which values of a query are shown.
 *
 * @param capture `true` for all, or names that are shown beside those that only say how much or which page.
 * @param redact names that are never shown, beside those that the conventions name. They win. Case does not count.
 */
export function queryRule(capture: boolean | readonly string[], redact: readonly string[]): QueryRule {
  const shown = new Set([...PLAIN_KEYS, ...(typeof capture === 'boolean' ? [] : capture)]);
  const hidden = new Set([...SECRET_KEYS, ...redact].map((key) => key.toLowerCase()));
  return (key) => (capture === true || shown.has(key)) && !hidden.has(decoded(key).toLowerCase());
}

const PLAIN_RULE: QueryRule = queryRule(false, []);

/** A URL without credentials, without the values of query parameters that are not to be shown, without a fragment. */
export function redactUrl(url: string, shows: QueryRule = PLAIN_RULE): string {
  const fragmentAt = url.indexOf('#');
  const withoutFragment = fragmentAt === -1 ? url : url.slice(0, fragmentAt);
  const queryAt = withoutFragment.indexOf('?');
  const base = queryAt === -1 ? withoutFragment : withoutFragment.slice(0, queryAt);
  // Up to the last @ before the path: a password may hold one.
  const safe = base.includes('@') ? base.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, '$1REDACTED:REDACTED@') : base;
  return queryAt === -1 ? safe : `${safe}?${redactQuery(withoutFragment.slice(queryAt + 1), shows)}`;
}

/** A query without the values that are not to be shown; keys are kept. */
export function redactQuery(query: string, shows: QueryRule = PLAIN_RULE): string {
  return query
    .split('&')
    .map((pair) => {
      const at = pair.indexOf('=');
      if (at === -1) return pair === '' ? pair : 'REDACTED';
      const key = pair.slice(0, at);
      return shows(key) ? pair : `${key}=REDACTED`;
    })
    .join('&');
}

/** A secret's name is not hidden by writing it as `%73ig`. */
function decoded(key: string): string {
  if (!key.includes('%')) return key;
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
