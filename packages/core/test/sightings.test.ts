import { expect, it } from 'vitest';
import { adapter, module, published } from '../src/index.js';
import type { LibraryTarget } from '../src/index.js';

const nothing = (): (() => void) => () => {};

function sightingsOf(...targets: LibraryTarget[]): unknown {
  const make = adapter({ name: 'seen', packageName: 'seen', version: '1.0.0', options: {}, targets: () => targets });
  const instrumentation = make({ from: import.meta.url });
  instrumentation.enable();
  const rows = instrumentation.sightings().map(({ library, state }) => `${library} ${state}`);
  instrumentation.disable();
  return rows;
}

it('a copy of a library that publishes and is patched has one row', () => {
  expect(
    sightingsOf(
      published('vitest', '>=99', nothing),
      module('vitest', '>=1', ['dist/not-loaded.js'], () => []),
    ),
  ).toEqual(['vitest waiting']);
});

it('a library that publishes and cannot be found has one row', () => {
  expect(
    sightingsOf(
      published('no-such', '>=1', nothing),
      module('no-such', '>=1', ['index.js'], () => []),
    ),
  ).toEqual(['no-such not installed']);
});
