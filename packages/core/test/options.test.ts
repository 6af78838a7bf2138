import { diag, DiagLogLevel } from '@opentelemetry/api';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { instrumentAll } from '../src/index.js';
import { commonRules } from '../src/configuration/common.js';
import { resolveOptions } from '../src/configuration/resolve.js';
import { inRange } from '../src/versions.js';
import { redactUrl } from '../src/conventions/url.js';
import { serverOf } from '../src/conventions/server-address.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

const all = instrumentAll as (options: unknown) => unknown;

describe('a mistake in code is an error that says what is accepted', () => {
  it.each<[unknown, string]>([
    [7, 'instrumentAll: options: 7 is not accepted; expected an object'],
    [{ reddact: 1 }, 'instrumentAll: option reddact: unknown; did you mean redact? Known: captureContent, redact, '],
    [{ redact: 7 }, 'instrumentAll: option redact: 7 is not accepted; expected a function'],
    [{ captureContent: 'yes' }, "instrumentAll: option captureContent: 'yes' is not accepted; expected true or false"],
    [{ conventions: 'old' }, "instrumentAll: option conventions: 'old' is not accepted; expected 'latest', 'legacy'"],
    [
      { contentLimit: 0 },
      'instrumentAll: option contentLimit: 0 is not accepted; expected a whole number of at least 1',
    ],
    [
      { instrumentations: { reddis: false } },
      'instrumentAll: option instrumentations.reddis: unknown; did you mean redis? Known: http, langchain, neo4j, openai, redis',
    ],
    [
      { instrumentations: { redis: 1 } },
      'instrumentAll: option instrumentations.redis: 1 is not accepted; expected true, false or an object with options',
    ],
    [
      { tracerProvider: {} },
      'instrumentAll: option tracerProvider: an object is not accepted; expected a TracerProvider',
    ],
  ])('%j', (options, message) => {
    expect(() => all(options)).toThrow(TypeError);
    expect(() => all(options)).toThrow(message);
  });
});

describe('a mistake in the environment is a warning, and the default holds', () => {
  it('names the variable, the value and what is accepted', () => {
    const warnings: string[] = [];
    const silent = (): void => {};
    diag.setLogger(
      { error: silent, warn: (line) => warnings.push(line), info: silent, debug: silent, verbose: silent },
      { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
    );
    const { values, sources } = resolveOptions(
      'x',
      commonRules,
      {},
      {
        OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'maybe',
      },
    );
    diag.disable();
    expect(values.captureContent).toBe(false);
    expect(sources.captureContent).toBe('default');
    expect(warnings).toEqual([
      "throughline: environment variable OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'maybe' is not accepted; expected NO_CONTENT, SPAN_ONLY, EVENT_ONLY, SPAN_AND_EVENT, true or false; ignored",
    ]);
  });

  it.each([
    ['true', true],
    ['SPAN_ONLY', true],
    ['span_and_event', true],
    ['EVENT_ONLY', false],
    ['NO_CONTENT', false],
    ['false', false],
  ])('content capture: %s', (text, captured) => {
    const environment = { OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: text };
    const { values, sources } = resolveOptions('x', commonRules, {}, environment);
    expect(values.captureContent).toBe(captured);
    expect(sources.captureContent).toBe('OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT');
    expect(resolveOptions('x', commonRules, { captureContent: !captured }, environment).values.captureContent).toBe(
      !captured,
    );
  });
});

describe('versions', () => {
  it.each([
    ['4.104.0', '>=4 <8', true],
    ['8.0.0', '>=4 <8', false],
    ['8.0.0-beta.1', '>=4 <8', false],
    ['3.9.9', '>=4 <8', false],
    ['5.12.0', '>=5.12 <7', true],
    ['5.11.9', '>=5.12 <7', false],
    ['0.3.80', '>=0.3 <0.4 || >=1 <2', true],
    ['0.4.0', '>=0.3 <0.4 || >=1 <2', false],
  ])('%s in %s', (version, range, expected) => {
    expect(inRange(version, range)).toBe(expected);
  });
  it('a range in another notation is an error', () => {
    expect(() => inRange('1.0.0', '^1')).toThrow('version range ^1');
  });
});

describe('a URL', () => {
  it.each([
    ['https://user:pw@host/a?b=c', 'https://REDACTED:REDACTED@host/a?b=REDACTED'],
    ['https://user:p@SECRET@host/a', 'https://REDACTED:REDACTED@host/a'],
    ['https://host/a?page=2&token=SECRET&sig=SECRET', 'https://host/a?page=2&token=REDACTED&sig=REDACTED'],
    ['https://host/a#SECRET', 'https://host/a'],
    ['https://host/a?SECRET', 'https://host/a?REDACTED'],
    ['http://host/?', 'http://host/?'],
  ])('%s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });
  it.each([
    ['https://api.openai.com/v1', 'api.openai.com', 443],
    ['http://localhost/v1', 'localhost', 80],
    ['http://[::1]:11434', '::1', 11434],
  ])('the server of %s', (url, address, port) => {
    expect(serverOf(url)).toEqual({ address, port });
  });
});
