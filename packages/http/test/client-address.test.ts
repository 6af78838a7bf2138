import { expect, it } from 'vitest';
import { callOf } from '../src/incoming.js';
import type { HttpSettings } from '../src/options.js';

it.each<[Record<string, string>, string]>([
  [{}, '10.0.0.9'],
  [{ 'x-forwarded-for': '192.0.2.7' }, '192.0.2.7'],
  [{ 'x-forwarded-for': '192.0.2.7:4711, 10.0.0.1' }, '192.0.2.7'],
  [{ 'x-forwarded-for': '2001:db8::1' }, '2001:db8::1'],
  [{ 'x-forwarded-for': '[2001:db8::1]:4711' }, '2001:db8::1'],
  [{ forwarded: 'for=192.0.2.60;proto=http;by=203.0.113.43' }, '192.0.2.60'],
  [{ forwarded: 'proto=https; For="[2001:db8::1]:4711", for=10.0.0.1', 'x-forwarded-for': '192.0.2.7' }, '2001:db8::1'],
  [{ 'x-forwarded-for': '  ' }, '10.0.0.9'],
  [{ forwarded: 'nonsense' }, '10.0.0.9'],
])('%j is a client at %s', (headers, address) => {
  const settings = { clientAddress: 'forwarded', captureRequestHeaders: [] } as unknown as HttpSettings;
  const socket = { remoteAddress: '10.0.0.9', remotePort: 1 };
  const call = callOf({ method: 'GET', target: '/', scheme: 'http', host: 'x', headers, socket }, settings);
  expect(call.client?.address).toBe(address);
  expect(call.peer).toEqual({ address: '10.0.0.9', port: 1 });
});
