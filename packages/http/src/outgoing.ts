import type { Context } from '@opentelemetry/api';
import type { Socket } from 'node:net';
import { guard, httpOperation, isSuppressed, plainFailure } from '@throughline/core';
import type {
  Execution,
  HeaderReader,
  HttpClientCall,
  HttpResult,
  Operation,
  ServerAddress,
  Telemetry,
} from '@throughline/core';
import { captureOf } from './capture.js';
import type { HttpSettings } from './options.js';
import { goesTo } from './patterns.js';
import { traceHeaders } from './trace-headers.js';
import type { RequestHead } from './trace-headers.js';
import { templateOf } from './url-template.js';

/** What came of an attempt: the head of an answer, and how its body ended, if anybody waited for that. */
export interface Answer {
  readonly status: number;
  /** `1.1`, `2`. */
  readonly version: string | undefined;
  readonly socket: Pick<Socket, 'remoteAddress' | 'remotePort'> | undefined;
  readonly header: HeaderReader | undefined;
  /** The program left the body before its end. */
  readonly left?: boolean;
  /** What broke the body off. */
  readonly broken?: unknown;
}

/** One attempt of a request that is recorded. */
export type OutgoingExecution = Execution<HttpClientCall, Answer>;

/** How a request is recorded and sent, the same for every client. */
export interface Outgoing<Request> {
  /** Starts the span of a request that has not been sent, and writes the trace into its headers. */
  send(request: Request, call: HttpClientCall, from: Context, telemetry: Telemetry): OutgoingExecution | undefined;
  /** Whether anybody wants the headers of answers. */
  readonly readsAnswers: boolean;
}

export function outgoing<Request>(settings: HttpSettings, head: RequestHead<Request>): Outgoing<Request> {
  const { ignoreOutgoing, ignoreMethods, propagateTo, propagateBaggageTo } = settings;
  const capture = captureOf(settings);
  const template = templateOf(settings.urlTemplates, settings.httpTemplate);
  const readsRequests = settings.captureRequestHeaders.length > 0;
  const writeTrace = traceHeaders(head);
  const operation: Operation<HttpClientCall, Answer> = httpOperation<HttpClientCall, Answer>({
    needsParent: settings.requireParent,
    capture,
    call: (call) => call,
    result: resultOf,
  });
  return {
    readsAnswers: settings.captureResponseHeaders.length > 0,
    send(request, given, from, telemetry) {
      const { url, server, method } = given;
      if (goesTo(ignoreOutgoing, url, server) || ignoreMethods.includes(method)) return undefined;
      const call =
        template === undefined && !readsRequests
          ? given
          : {
              ...given,
              template: template?.({ method, url }),
              header: readsRequests ? (name: string) => head.get(request, name) : undefined,
            };
      const execution = telemetry.start(operation, call, from);
      if (execution === undefined && isSuppressed(from)) return undefined;
      if (propagateTo === undefined || goesTo(propagateTo, url, server)) {
        const withBaggage = goesTo(propagateBaggageTo, url, server);
        guard('writing trace headers', () => {
          writeTrace(request, execution?.context ?? from, withBaggage);
        });
      }
      return execution;
    },
  };
}

function resultOf({ status, version, socket, header, left, broken }: Answer, call: HttpClientCall): HttpResult {
  const { server } = call;
  const peer = peerOf(socket);
  return {
    status,
    protocolVersion: version,
    header,
    peer,
    // The port is not in a URL that has a host of the program's own making.
    server: server.port === undefined && peer?.port !== undefined ? { ...server, port: peer.port } : undefined,
    cancelled: left,
    failure: broken === undefined ? undefined : plainFailure(broken),
  };
}

function peerOf(socket: Answer['socket']): ServerAddress | undefined {
  const address = socket?.remoteAddress;
  return address === undefined ? undefined : { address, port: socket?.remotePort };
}
