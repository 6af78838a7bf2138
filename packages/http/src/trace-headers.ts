import { propagation } from '@opentelemetry/api';
import type { Context, TextMapSetter } from '@opentelemetry/api';

/** Reads and writes the headers of a kind of request that has not been sent. Names are in lower case. */
export interface RequestHead<Request> {
  get(request: Request, name: string): string | readonly string[] | undefined;
  set(request: Request, name: string, value: string): void;
}

/**
 * Writes a context into the headers of a request, with the registered propagator. What the program, an SDK or another
 * instrumentation has written stays as it is: with a trace header of theirs, nothing is added.
 */
export function traceHeaders<Request>({
  get,
  set,
}: RequestHead<Request>): (request: Request, from: Context, withBaggage: boolean) => void {
  const has = (request: Request, name: string): boolean => get(request, name.toLowerCase()) !== undefined;
  return (request, from, withBaggage) => {
    const sent = withBaggage || propagation.getBaggage(from) === undefined ? from : propagation.deleteBaggage(from);
    // Collected first: to ask the propagator for its names costs as much as to inject.
    const headers: Header[] = [];
    propagation.inject(sent, headers, collect);
    if (headers.some(([name]) => name !== 'baggage' && has(request, name))) return;
    for (const [name, value] of headers) {
      if (name !== 'baggage' || !has(request, name)) set(request, name, value);
    }
  };
}

type Header = readonly [name: string, value: string];

const collect: TextMapSetter<Header[]> = {
  set(headers, name, value) {
    headers.push([name, value]);
  },
};
