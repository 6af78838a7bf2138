import { callback, choice, flag, texts } from '@throughline/core';
import type { OptionRule, OptionRules } from '@throughline/core';
import { headerNames } from './header-names.js';
import { patterns } from './patterns.js';
import type { Pattern } from './patterns.js';
import { templates } from './url-template.js';
import type { HttpTemplate } from './url-template.js';

/** Options of `http()`. */
export interface HttpOptions {
  /** Trace outgoing requests. Default: true. */
  client?: boolean;
  /** Trace incoming requests. Default: true. */
  server?: boolean;
  /**
   * Outgoing requests to leave alone: no span, no trace headers. A text is a host, `api.example.com` or
   * `localhost:4318`, or a path, `/health`; a regular expression is tried on the whole URL. Default: none.
   */
  ignoreOutgoing?: readonly (string | RegExp)[];
  /**
   * Incoming requests to leave out, with all that their handlers do. A text is a path, `/health`; a regular
   * expression is tried on the path. Default: none.
   */
  ignoreIncoming?: readonly (string | RegExp)[];
  /** Methods of requests, outgoing and incoming, to leave alone: `['OPTIONS', 'HEAD']`. Default: none. */
  ignoreMethods?: readonly string[];
  /** Outgoing requests get a span only inside another; metrics count them all the same. Default: false. */
  requireParent?: boolean;
  /**
   * An outgoing span ends when the body of the answer has arrived or was left, and not when its head has: a body that
   * breaks off is an error then. A body that nobody reads keeps the span open. Default: false.
   */
  untilBody?: boolean;
  /** Where trace headers are sent, as in `ignoreOutgoing`; `[]` is nowhere. Default: everywhere. */
  propagateTo?: readonly (string | RegExp)[];
  /** Which of these get baggage too. Default: none. */
  propagateBaggageTo?: readonly (string | RegExp)[];
  /**
   * Show the values of these query parameters, beside those that only say how much or which page; `true` shows all but
   * those of `redactQuery`. Default: false.
   */
  captureQuery?: boolean | readonly string[];
  /**
   * Never show the values of these query parameters, whatever their case; signatures such as `sig` and
   * `X-Amz-Signature` never are. Default: none.
   */
  redactQuery?: readonly string[];
  /** Record these request headers, of outgoing and incoming requests; none that carry credentials. Default: none. */
  captureRequestHeaders?: readonly string[];
  /** Record these response headers, as in `captureRequestHeaders`. Default: none. */
  captureResponseHeaders?: readonly string[];
  /**
   * Where the address of an incoming request's client is taken from: `'peer'`, the other end of the connection, or
   * `'forwarded'`, what proxies wrote into `forwarded` or `x-forwarded-for`, which anybody can make up. Default:
   * `'none'`, not recorded.
   */
  clientAddress?: 'none' | 'peer' | 'forwarded';
  /**
   * Templates of outgoing requests, for `url.template`, the span's name and metrics: `/users/{id}`, or
   * `https://api.example.com/v1/{rest*}` for one host. `{id}` stands for a segment, `{rest*}` for all that is left;
   * the first that fits counts. Default: none.
   */
  urlTemplates?: readonly string[];
  /** Answers the template of a request before `urlTemplates` are tried. Default: none. */
  httpTemplate?: HttpTemplate;
}

/** The options with their defaults filled in. */
export interface HttpSettings {
  readonly client: boolean;
  readonly server: boolean;
  readonly ignoreOutgoing: readonly Pattern[];
  readonly ignoreIncoming: readonly Pattern[];
  readonly ignoreMethods: readonly string[];
  readonly requireParent: boolean;
  readonly untilBody: boolean;
  readonly propagateTo: readonly Pattern[] | undefined;
  readonly propagateBaggageTo: readonly Pattern[];
  readonly captureQuery: boolean | readonly string[];
  readonly redactQuery: readonly string[];
  readonly captureRequestHeaders: readonly string[];
  readonly captureResponseHeaders: readonly string[];
  readonly clientAddress: 'none' | 'peer' | 'forwarded';
  readonly urlTemplates: readonly string[];
  readonly httpTemplate: HttpTemplate | undefined;
}

const hosts = patterns('a list of hosts, paths and regular expressions');

const captureQuery: OptionRule<boolean | readonly string[]> = {
  accepts: 'true, false or a list of texts',
  default: false,
  test: (value) => typeof value === 'boolean' || texts().test(value),
};

export const rules: OptionRules<HttpSettings> = {
  client: flag(true),
  server: flag(true),
  ignoreOutgoing: hosts,
  ignoreIncoming: patterns('a list of paths and regular expressions'),
  ignoreMethods: texts(),
  requireParent: flag(false),
  untilBody: flag(false),
  propagateTo: { ...hosts, default: undefined },
  propagateBaggageTo: hosts,
  captureQuery,
  redactQuery: texts(),
  captureRequestHeaders: headerNames(),
  captureResponseHeaders: headerNames(),
  clientAddress: choice(['none', 'peer', 'forwarded'], 'none'),
  urlTemplates: templates(),
  httpTemplate: callback<HttpTemplate>(),
};
