import { FOREIGN, warnings } from '@throughline/testing';
import { describe, expect, it } from 'vitest';
import { http } from '../src/index.js';
import { goesTo, isPath, serverAt } from '../src/patterns.js';

describe('options of http()', () => {
  it.each([
    [
      { ignoreOutgoing: 'localhost' },
      "http: option ignoreOutgoing: 'localhost' is not accepted; expected a list of hosts, paths and regular expressions",
    ],
    [
      { ignoreIncoming: [7] },
      'http: option ignoreIncoming: an array is not accepted; expected a list of paths and regular expressions',
    ],
    [
      { captureRequestHeaders: ['x-one', 'Authorization'] },
      'http: option captureRequestHeaders: an array is not accepted; expected a list of header names other than authorization, proxy-authorization, cookie, set-cookie',
    ],
    [
      { captureResponseHeaders: ['set-cookie'] },
      'http: option captureResponseHeaders: an array is not accepted; expected a list of header names other than authorization, proxy-authorization, cookie, set-cookie',
    ],
    [
      { captureQuery: 'id' },
      "http: option captureQuery: 'id' is not accepted; expected true, false or a list of texts",
    ],
    [
      { urlTemplates: ['users/{id}'] },
      'http: option urlTemplates: an array is not accepted; expected a list of paths such as /users/{id}, with or without https://host in front',
    ],
    [{ httpTemplate: '/users' }, "http: option httpTemplate: '/users' is not accepted; expected a function"],
    [{ untilBody: 1 }, 'http: option untilBody: 1 is not accepted; expected true or false'],
    [
      { propagateTo: 'a' },
      "http: option propagateTo: 'a' is not accepted; expected a list of hosts, paths and regular",
    ],
    [{ ignoreOutgoin: [] }, 'http: option ignoreOutgoin: unknown; did you mean ignoreOutgoing?'],
  ])('%j is refused', (options, message) => {
    expect(() => http(options as never)).toThrow(message);
  });

  it('what is turned off is not reported as traced', () => {
    const libraries = (options: object): string[] =>
      http(options)
        .sightings()
        .map(({ library }) => library);
    expect(libraries({})).toEqual(['fetch', 'undici', 'node:http', 'node:http2']);
    expect(libraries({ client: false })).toEqual(['node:http', 'node:http2']);
    expect(libraries({ client: false, server: false })).toEqual([]);
  });
});

describe('a pattern', () => {
  const url = 'http://localhost:4318/v1/traces?x=1';
  const server = { address: 'localhost', port: 4318 };
  it.each([
    ['localhost', true],
    ['localhost:4318', true],
    ['localhost:80', false],
    ['local', false],
    [/^http:.*\/v1\//, true],
    [/v2/, false],
    ['/v1/traces', true],
    ['/v1', false],
  ])('%s for an outgoing request: %s', (pattern, expected) => {
    expect(goesTo([pattern], url, server)).toBe(expected);
  });
  it.each([
    ['/health', true],
    ['/heal', false],
    [/^\/h/, true],
  ])('%s for a path: %s', (pattern, expected) => {
    expect(isPath([pattern], '/health')).toBe(expected);
  });
  it('many servers do not fill the memory, and what is no origin has no server', () => {
    for (let port = 1; port < 3000; port += 1) expect(serverAt(`http://h:${port}`)?.port).toBe(port);
    expect(serverAt('http://[')).toBeUndefined();
  });
});

it('no module that is handed over is taken for a framework', () => {
  const methods = (): object[] =>
    FOREIGN.filter((one) => typeof one === 'function').map((one) =>
      Object.getOwnPropertyDescriptors((one as { readonly prototype?: object }).prototype ?? {}),
    );
  const before = methods();
  const instrumentation = http();
  expect(
    warnings(() => {
      instrumentation.enable();
      for (const foreign of FOREIGN) instrumentation.instrument(foreign);
    }),
  ).toEqual([]);
  expect(methods()).toEqual(before);
  instrumentation.disable();
});
