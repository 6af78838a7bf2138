import { startRecording } from '@throughline/testing';
import type { Recorder, RecordingOptions } from '@throughline/testing';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterEach } from 'vitest';
import { http } from '../src/index.js';
import type { HttpOptions } from '../src/index.js';
import { localServer } from './local-server.js';
import type { LocalServer } from './local-server.js';

const ending: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ending.splice(0).toReversed()) await end();
});

/** Runs after the test, the last one first. */
export function afterwards(end: () => unknown): void {
  ending.push(end);
}

/** Traces until the end of the test. */
export function record(options: HttpOptions = {}, recording: RecordingOptions = {}): Recorder {
  const recorder = startRecording(recording);
  const instrumentation = http(options);
  instrumentation.enable();
  afterwards(() => recorder.stop());
  afterwards(() => instrumentation.disable());
  return recorder;
}

/** A server until the end of the test. */
export async function serve(...given: Parameters<typeof localServer>): Promise<LocalServer> {
  const local = await localServer(...given);
  afterwards(() => local.close());
  return local;
}

/** A connection that the test writes to by hand. */
export async function connection(port: number): Promise<Socket> {
  const socket = connect(port, 'localhost');
  socket.on('error', () => {});
  afterwards(() => socket.destroy());
  await new Promise((connected) => void socket.once('connect', connected));
  return socket;
}
