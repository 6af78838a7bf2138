import { expect, it } from 'vitest';
import type { Telemetry } from '@throughline/core';
import { instead } from '../src/instead.js';

it('a fallback is attached while nothing better is', () => {
  let attached = 0;
  const { fallback, better } = instead(() => {
    attached += 1;
    return () => (attached -= 1);
  });
  const by = {} as Telemetry;
  const one = better(by);
  expect(attached).toBe(0);
  const detach = fallback(by);
  expect(attached).toBe(0);
  const two = better(by);
  one();
  expect(attached).toBe(0);
  two();
  expect(attached).toBe(1);
  better(by)();
  expect(attached).toBe(1);
  detach();
  expect(attached).toBe(0);
});
