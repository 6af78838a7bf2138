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
  const has = (request: Request, name: string): boolean => get(request, name) !== undefined;
  const setter: TextMapSetter<Request> = {
    set(request, name, value) {
      if (name !== 'baggage' || !has(request, name)) set(request, name, value);
    },
  };
  return (request, from, withBaggage) => {
    const fields = propagation.fields();
    if (fields.length === 0 || fields.some((name) => name !== 'baggage' && has(request, name))) return;
    const sent = withBaggage || propagation.getBaggage(from) === undefined ? from : propagation.deleteBaggage(from);
    propagation.inject(sent, request, setter);
  };
}
