import type { Socket } from 'node:net';
import { httpOperation } from '@throughline/core';
import type { HttpClientCall, Operation, ServerAddress } from '@throughline/core';
import type { Pattern } from './patterns.js';

/** The part of the options that outgoing requests need. */
export interface OutgoingSettings {
  readonly ignoreOutgoing: readonly Pattern[];
  readonly propagateBaggageTo: readonly Pattern[];
}

/** The head of an answer. */
export interface Answer {
  readonly status: number;
  /** `1.1`, `2`. */
  readonly version: string;
  readonly socket: Socket | undefined;
}

/** One attempt of a request. It is over when the head of the answer has arrived: nobody has to read the body. */
export const outgoing: Operation<HttpClientCall, Answer> = httpOperation<HttpClientCall, Answer>({
  call: (call) => call,
  result: ({ status, version, socket }) => ({ status, protocolVersion: version, peer: peerOf(socket) }),
});

function peerOf(socket: Socket | undefined): ServerAddress | undefined {
  const address = socket?.remoteAddress;
  return address === undefined ? undefined : { address, port: socket?.remotePort };
}
