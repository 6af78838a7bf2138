import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { all, guard, intercept, listen } from '@throughline/core';
import type { Target } from '@throughline/core';

/**
 * Attaches to the class of node:http2's client sessions, before the first request of a program that connects, and not
 * earlier: node:http2 takes 10 ms to load, and a program that never uses it does not load it because of us.
 */
export function onHttp2Sessions(target: (prototype: ClientHttp2Session) => Target): Target {
  return (telemetry) => {
    let detach: (() => void) | undefined;
    let looked = false;
    const attach = (prototype: ClientHttp2Session | undefined): void => {
      if (detach === undefined && prototype !== undefined) detach = target(prototype)(telemetry);
    };
    const look = (): void => {
      if (looked || !isHttp2Loaded()) return;
      looked = true;
      guard('looking for sessions of HTTP/2', () => {
        attach(sessionPrototype());
      });
    };
    look();
    const watch = all([
      listen('net.client.socket', look),
      // For a program that has replaced `connect`: all but its first request.
      listen('http2.client.stream.created', ({ stream }: { stream: ClientHttp2Stream }) => {
        attach(Object.getPrototypeOf(stream.session) as ClientHttp2Session);
      }),
      // Of TLS connections Node 22 publishes nothing.
      Number.parseInt(process.versions.node) < 24 &&
        intercept(process.getBuiltinModule('node:net').Socket.prototype, 'connect', (original) => {
          return function (this: unknown, ...args): unknown {
            look();
            return Reflect.apply(original, this, args);
          };
        }),
    ])(telemetry);
    return () => {
      watch();
      detach?.();
    };
  };
}

function isHttp2Loaded(): boolean {
  const { moduleLoadList } = process as { readonly moduleLoadList?: readonly string[] };
  return moduleLoadList?.includes('NativeModule http2') === true;
}

/**
 * The class is not exported: a session that waits for ever for a connection shows it, and holds nothing. `undefined`
 * where `connect` is the program's own, which would see the call.
 */
function sessionPrototype(): ClientHttp2Session | undefined {
  const { connect } = process.getBuiltinModule('node:http2');
  if (!String(connect).includes('new ClientHttp2Session(')) return undefined;
  const ignore = (): unknown => nowhere;
  const nowhere = {
    connecting: true,
    _handle: { isStreamBase: true },
    on: ignore,
    once: ignore,
    removeListener: ignore,
    end: ignore,
    destroy: ignore,
  };
  const session = connect('http://localhost', {
    createConnection: () => nowhere as unknown as Duplex,
  });
  return Object.getPrototypeOf(session) as ClientHttp2Session;
}
