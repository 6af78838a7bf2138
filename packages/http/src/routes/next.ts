import { guard, intercept, module } from '@throughline/core';
import type { LibraryTarget } from '@throughline/core';
import { servingNow } from '../serving.js';

interface Tracer {
  setRootSpanAttribute(key: string, value: unknown): void;
}

/**
 * Next.js writes the route on the span around its own, but of the App Router only once the answer is complete. Its
 * tracer is told before.
 */
export const next: LibraryTarget = module<{ getTracer(): Tracer }>(
  'next',
  '>=16 <17',
  ['dist/server/lib/trace/tracer.js'],
  ({ getTracer }) => [
    intercept(Object.getPrototypeOf(getTracer()) as Tracer, 'setRootSpanAttribute', (original) => {
      return function (this: unknown, ...args): unknown {
        const [key, value] = args as unknown[];
        if (key === 'next.route' && typeof value === 'string') {
          guard('reading a route of Next.js', () => {
            const serving = servingNow();
            // The first one counts for Next.js too: an error page is a route of its own.
            if (serving !== undefined) serving.route ??= value;
          });
        }
        return Reflect.apply(original, this, args);
      };
    }),
  ],
);
