import type { Instrumentation as Newest } from '@opentelemetry/instrumentation';
import type { Instrumentation as Previous } from 'instrumentation-sdk2';
import type { AdapterInstrumentation } from '../src/index.js';
import { expectTypeOf, it } from 'vitest';

it("is OpenTelemetry's own interface in the SDK 2 and the SDK 3 line", () => {
  expectTypeOf<AdapterInstrumentation>().toExtend<Newest>();
  expectTypeOf<AdapterInstrumentation>().toExtend<Previous>();
});
