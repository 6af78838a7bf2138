/* oxlint-disable no-underscore-dangle -- a head that is rendered can be reached in no other way */
import type { ClientRequest } from 'node:http';
import type { RequestHead } from './trace-headers.js';

/** Once its headers were given as an array, or wait for `100 Continue`, a request has its head as text. */
interface Rendered {
  _header: string | null;
  readonly _headerSent: boolean;
}

/** The head of a request of node:http that is not sent yet, in whichever form its headers were given. */
export const requestHead: RequestHead<ClientRequest> = {
  get(request, name) {
    const set = request.getHeader(name);
    if (set !== undefined) return Array.isArray(set) ? set : String(set);
    const { _header: head } = request as unknown as Rendered;
    return head === null ? undefined : new RegExp(`\r\n${name}: *(.*)\r\n`, 'i').exec(head)?.[1];
  },
  set(request, name, value) {
    const rendered = request as unknown as Rendered;
    if (rendered._header === null) request.setHeader(name, value);
    else if (!rendered._headerSent && !/[\r\n]/.test(value)) {
      rendered._header = rendered._header.replace(/\r\n$/, () => `${name}: ${value}\r\n\r\n`);
    }
  },
};
