import { context, propagation } from '@opentelemetry/api';
import type { EventEmitter } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as NetServer, Socket } from 'node:net';
import { all, guard, listen, suppress } from '@throughline/core';
import type { HttpResult, HttpServerCall, Target } from '@throughline/core';
import { watchEmit, whenClosed } from './emit.js';
import { requestCall, responseResult } from './http1-exchange.js';
import { isHttp2, streamCall, streamResult } from './http2-exchange.js';
import type { StreamEvent } from './http2-exchange.js';
import { incoming } from './incoming.js';
import type { HttpSettings } from './options.js';
import { isPath } from './patterns.js';
import { fastifyChannel } from './routes/fastify.js';
import { belongs, end, isActive, outside, serving, servingAt, servingOf } from './serving.js';
import type { Serving } from './serving.js';

interface Message {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket & { readonly _httpMessage?: ServerResponse | null };
  readonly server: Server;
}

/** Requests that servers of node:http, node:https and node:http2 answer. */
export function nodeServer(settings: HttpSettings): Target {
  const { ignoreIncoming, ignoreMethods } = settings;
  const operation = incoming(settings);
  return (telemetry) => {
    const open = new Set<Serving>();
    const http2Servers = new WeakSet();
    const pipelined = new WeakSet<Socket>();
    const events = watchEmit(telemetry, (emit, self, args) => {
      const one = servingAt(self) ?? servedBy(self, args);
      if (one === undefined) return Reflect.apply(emit, self, args);
      if (self === one.recording?.answer) {
        if (args[0] === 'close') close(one);
        else if (args[0] === 'timeout') one.broken ??= 'timeout';
      }
      if ((self as EventEmitter).listenerCount(args[0] as string) === 0 || isActive(one)) {
        return Reflect.apply(emit, self, args);
      }
      let threw = true;
      try {
        const heard: unknown = context.with(one.context, emit, self, ...(args as never[]));
        threw = false;
        return heard;
      } finally {
        // Not caught: Node prints where an error was last thrown, and that shall be the program.
        if (threw) {
          one.broken = 'uncaughtException';
          close(one);
        }
      }
    });

    /** The request that an event of a server is about. */
    function servedBy(self: object, args: readonly unknown[]): Serving | undefined {
      switch (args[0]) {
        case 'request':
        case 'checkContinue':
        case 'checkExpectation':
          return servingOf(args[1]);
        case 'stream':
          return http2Servers.has(prototypeOf(self))
            ? (servingOf(args[1]) ?? guard('serving a stream', () => serveStream(args as unknown as StreamEvent)))
            : undefined;
        default:
          return undefined;
      }
    }

    function serve(
      call: HttpServerCall,
      headers: object,
      answer: EventEmitter,
      result: (ended: Serving) => HttpResult,
    ): Serving | undefined {
      const base = outside(context.active());
      if (isPath(ignoreIncoming, call.path) || ignoreMethods.includes(call.method)) {
        return serving(suppress(base), undefined);
      }
      const parent = propagation.extract(base, headers);
      const execution = telemetry.start(operation, call, parent);
      if (execution === undefined) return parent === base ? undefined : serving(parent, undefined);
      if (!execution.observed) {
        // Not sampled: nobody looks at how it goes on.
        execution.succeed();
        return serving(execution.context, undefined);
      }
      const one = serving(parent, { execution, answer, result });
      open.add(one);
      return one;
    }

    function serveStream([, stream, headers]: StreamEvent): Serving | undefined {
      const call = streamCall(stream, headers, settings);
      if (call === undefined) return undefined;
      const one = serve(call, headers, stream, (ended) => streamResult(stream, ended));
      if (one === undefined) return undefined;
      belongs(stream, one);
      events.on(prototypeOf(stream));
      return one;
    }

    function close(one: Serving): void {
      open.delete(one);
      end(one);
    }

    /** On Node 22 nothing closes a response whose connection goes before its turn in the pipeline comes. */
    function endWith(socket: Socket): void {
      if (pipelined.has(socket)) return;
      pipelined.add(socket);
      whenClosed(socket, () => {
        for (const one of open) if (connectionOf(one) === socket) close(one);
      });
    }

    // Somebody else who replaced `emit` on the server itself may have taken the one that the class had before us.
    const watchServer = (server: object): void =>
      events.on(Object.hasOwn(server, 'emit') ? server : prototypeOf(server));

    const detach = all([
      // Published just before the server emits the request.
      listen('http.server.request.start', ({ request, response, socket, server }: Message) => {
        if (isRecordedByOthers(server)) {
          telemetry.noteConflict('http.Server.emit', true);
          return;
        }
        const call = requestCall(request, settings);
        const one = serve(call, request.headers, response, (ended) => responseResult(response, ended));
        if (one === undefined) return;
        belongs(request, one);
        belongs(response, one);
        watchServer(server);
        events.on(prototypeOf(request));
        events.on(prototypeOf(response));
        // oxlint-disable-next-line no-underscore-dangle -- nothing else tells
        if (socket._httpMessage) endWith(socket);
      }),
      // Servers of node:http2 publish nothing on Node 22. What they emit is seen from their first connection on.
      listen('net.server.socket', ({ socket }: { socket: { readonly server?: NetServer } }) => {
        const { server } = socket;
        if (server === undefined || !isHttp2(prototypeOf(server))) return;
        http2Servers.add(prototypeOf(server));
        watchServer(server);
      }),
      fastifyChannel,
    ])(telemetry);

    return () => {
      detach();
      events.detach();
      // What is being answered is recorded to its end.
      for (const one of open) if (one.recording !== undefined) whenClosed(one.recording.answer, () => close(one));
    };
  };
}

/** `undefined` for a stream of HTTP/2. */
function connectionOf({ recording }: Serving): Socket | undefined {
  return (recording?.answer as Partial<ServerResponse> | undefined)?.req?.socket;
}

function prototypeOf(emitter: object): object {
  return Object.getPrototypeOf(emitter) as object;
}

/** `@opentelemetry/instrumentation-http` wraps the same method and makes the span itself. */
function isRecordedByOthers({ emit }: Server): boolean {
  return '__wrapped' in emit;
}
