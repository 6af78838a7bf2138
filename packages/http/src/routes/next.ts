import type { LibraryTarget } from '@throughline/core';
import { servingNow } from '../serving.js';
import { framework } from './framework.js';
import { see } from './see.js';

interface Tracer {
  setRootSpanAttribute(key: string, value: unknown): void;
}

/**
 * Next.js writes the route on the span around its own, but of the App Router only once the answer is complete. Its
 * tracer is told before.
 */
export const next: LibraryTarget = framework<{ getTracer(): Tracer }>(
  'next',
  '>=16 <17',
  ['dist/server/lib/trace/tracer.js'],
  ({ getTracer }) => [
    see(Object.getPrototypeOf(getTracer()) as Tracer, 'setRootSpanAttribute', (_, [key, value]) => {
      const serving = key === 'next.route' && typeof value === 'string' ? servingNow() : undefined;
      // The first one counts for Next.js too: an error page is a route of its own.
      if (serving !== undefined) serving.route ??= value as string;
    }),
  ],
);
