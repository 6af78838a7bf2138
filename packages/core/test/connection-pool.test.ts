import { startRecording } from '@throughline/testing';
import type { MetricPoint } from '@throughline/testing';
import { afterEach, expect, it } from 'vitest';
import { connectionPool } from '../src/index.js';
import { testTelemetry } from './test-telemetry.js';

let recorder = startRecording();
afterEach(() => recorder.stop());

let on = true;
const own = testTelemetry({ enabled: () => on });

interface Pool {
  used: number;
  idle: number;
}

const line = ({ name, attributes, value }: MetricPoint): string =>
  [
    name.replace('db.client.connection.', ''),
    attributes['db.client.connection.state'],
    attributes['db.client.connection.pool.name'],
    value,
  ]
    .filter((word) => word !== undefined)
    .join(' ');
const reported = async (): Promise<readonly string[]> => (await recorder.metrics()).map(line).toSorted();

it('a pool tells a meter provider that was registered later what it holds, and what happens in it', async () => {
  const pool: Pool = { used: 1, idle: 2 };
  const metrics = connectionPool(own, 'a:1', pool, ({ used, idle }) => ({ used, idle, pending: 0 }));
  metrics.waited(0.5);
  await recorder.stop();
  recorder = startRecording({ metrics: true });
  metrics.seen();
  metrics.created(0.1);
  metrics.waited(0.2);
  metrics.used(0.3);
  metrics.timedOut();
  pool.used = 3;
  expect(await reported()).toEqual([
    'count idle a:1 2',
    'count used a:1 3',
    'create_time a:1 1',
    'pending_requests a:1 0',
    'timeouts a:1 1',
    'use_time a:1 1',
    'wait_time a:1 1',
  ]);
});

it('pools of one name are added up, and one that cannot be read is left out', async () => {
  recorder = startRecording({ metrics: true });
  const pools: Pool[] = [
    { used: 1, idle: 0 },
    { used: 2, idle: 0 },
  ];
  for (const pool of pools) connectionPool(own, 'a:1', pool, ({ used }) => ({ used })).seen();
  const broken = {};
  connectionPool(own, 'b:1', broken, () => {
    throw new Error('another version');
  }).seen();
  expect(await reported()).toEqual(['count used a:1 3']);
});

it('an instrumentation that is disabled reports nothing', async () => {
  recorder = startRecording({ metrics: true });
  const pool: Pool = { used: 1, idle: 0 };
  const metrics = connectionPool(own, 'a:1', pool, ({ used }) => ({ used }));
  metrics.seen();
  on = false;
  metrics.timedOut();
  expect(await reported()).toEqual([]);
  on = true;
});
