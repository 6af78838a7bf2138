/* oxlint-disable no-underscore-dangle -- a head that is rendered can be reached in no other way */
import type { ClientRequest, OutgoingMessage } from 'node:http';
import type { RequestHead } from './trace-headers.js';

/** Once its headers were given as an array, or wait for `100 Continue`, a message has its head as text. */
interface Rendered {
  _header: string | null;
  readonly _headerSent: boolean;
}

/** The head of a request of node:http that is not sent yet, in whichever form its headers were given. */
export const requestHead: RequestHead<ClientRequest> = {
  get: headerOf,
  set(request, name, value) {
    const rendered = request as unknown as Rendered;
    if (rendered._header === null) request.setHeader(name, value);
    else if (!rendered._headerSent && !/[\r\n]/.test(value)) {
      rendered._header = rendered._header.replace(/\r\n$/, () => `${name}: ${value}\r\n\r\n`);
    }
  },
};

/** A header of a message that this process sends, in whichever form it was given. */
export function headerOf(message: OutgoingMessage, name: string): string | readonly string[] | undefined {
  const set = message.getHeader(name);
  if (set !== undefined) return Array.isArray(set) ? set : String(set);
  const { _header: head } = message as unknown as Rendered;
  return head === null ? undefined : new RegExp(`\r\n${name.replace(/\W/g, '\\$&')}: *(.*)\r\n`, 'i').exec(head)?.[1];
}
