import { expect, it } from 'vitest';
import { adapter, builtin } from '../src/index.js';
import { makeReport } from '../src/report.js';

it.each([
  [true, 'another instrumentation records call: its calls are left to it'],
  [false, 'another instrumentation wraps call too: its calls have a span of each'],
])('the report says whose calls they are when another instrumentation is there too (theirs: %s)', (theirs, text) => {
  const make = adapter<object, object>({
    name: 'conflicting',
    packageName: '@throughline/conflicting',
    version: '1.0.0',
    options: {},
    targets: () => [
      builtin('library', (telemetry) => {
        telemetry.noteConflict('call', theirs);
        telemetry.noteConflict('call', theirs);
        return () => {};
      }),
    ],
  });
  const instrumentation = make();
  instrumentation.enable();
  const conflicts = instrumentation.conflicts().map((one) => ({ adapter: 'conflicting', ...one }));
  instrumentation.disable();
  expect(conflicts).toEqual([{ adapter: 'conflicting', method: 'call', theirs }]);
  const report = makeReport({ libraries: [], provider: { registered: true, why: '' }, failures: [], conflicts });
  expect(String(report)).toContain(text);
});
