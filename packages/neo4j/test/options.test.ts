import { describeWithService, inside } from '@throughline/testing';
import type { FinishedSpan } from '@throughline/testing';
import type { Driver } from 'neo4j-driver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { neo4j } from '../src/index.js';
import { drivers } from './drivers.js';
import { traceDrivers } from './tracing.js';

const recording = traceDrivers({ notifications: true, plan: true, requireParent: true }, { metrics: true });
const { recorder } = recording;

describe('an option that is not known or has a wrong value', () => {
  it.each([
    [{ notifications: 'all' }, /neo4j: option notifications: .*true or false/],
    [{ plan: 1 }, /neo4j: option plan: .*true or false/],
    [{ requireParent: null }, /neo4j: option requireParent: .*true or false/],
    [{ plans: true }, /neo4j: option plans: unknown; did you mean plan/],
  ])('%j is a TypeError that says what is accepted', (options, message) => {
    expect(() => neo4j(options as never)).toThrow(TypeError);
    expect(() => neo4j(options as never)).toThrow(message);
  });
});

for (const service of ['neo4j-5', 'neo4j-2026'] as const) {
  describeWithService(service, `${service}: options`, ({ url }) => {
    describe.each(drivers)('$title', ({ neo4j: library }) => {
      let driver: Driver;
      beforeAll(() => {
        driver = library.driver(url);
      });
      afterAll(() => driver.close());
      const ask = (query: string): Promise<unknown> =>
        inside('program', () =>
          driver
            .session()
            .run(query)
            .then(() => {}),
        );

      it('notifications gives their codes and severities, and nothing of their texts', async () => {
        await ask("MATCH (a:AdapterSecret1), (b:AdapterSecret2 {x: 'SECRETLITERAL'}) RETURN a, b");
        const { attributes } = recorder.spans()[0] as FinishedSpan;
        const codes = attributes['neo4j.notification.codes'] as readonly string[];
        const severities = attributes['neo4j.notification.severities'] as readonly string[];
        expect(codes).toContain('Neo.ClientNotification.Statement.CartesianProduct');
        expect(severities).toHaveLength(codes.length);
        for (const severity of severities) expect(severity).toMatch(/^[A-Z]+$/);
        expect(JSON.stringify(recorder.spans())).not.toContain('SECRETLITERAL');
        expect(JSON.stringify(recorder.spans())).not.toContain('disconnected');
      });

      it('plan gives the operators of a query with PROFILE, and nothing of their arguments', async () => {
        await ask("PROFILE MATCH (a:AdapterPlan {x: 'SECRETLITERAL'}) RETURN a");
        const [span] = recorder.spans();
        const operators = span?.attributes['neo4j.plan.operators'] as string[];
        expect(operators[0]).toMatch(/^ProduceResults/);
        expect(operators.at(-1)).toMatch(/^NodeByLabelScan/);
        for (const operator of operators) expect(operator).toMatch(/^[\w@()]+$/);
        expect(span?.attributes['neo4j.plan.db_hits']).toBeGreaterThanOrEqual(0);
        expect(JSON.stringify(recorder.spans())).not.toContain('SECRETLITERAL');
      });

      it('plan of a query with EXPLAIN has no hits, and a plain query has no plan', async () => {
        await ask('EXPLAIN MATCH (a:AdapterPlan) RETURN a');
        await ask('RETURN 1');
        const [explained, , plain] = recorder.spans();
        expect(explained?.attributes['neo4j.plan.operators']).toBeDefined();
        expect(explained?.attributes).not.toHaveProperty(['neo4j.plan.db_hits']);
        expect(plain?.attributes).not.toHaveProperty(['neo4j.plan.operators']);
        expect(plain?.attributes).not.toHaveProperty(['neo4j.notification.codes']);
      });

      it('requireParent leaves calls outside of any span without one, and measures them', async () => {
        const calls = async (): Promise<void> => {
          const session = driver.session();
          await session.run('MATCH (n:AdapterAlone) RETURN n');
          await session.executeRead((transaction) => transaction.run('RETURN 1'));
          await driver.executeQuery('RETURN 1');
          await session.close();
        };
        await calls();
        expect(recorder.spans()).toEqual([]);
        const counted = (await recorder.metrics()).filter(
          ({ attributes }) => attributes['db.query.summary'] === 'MATCH AdapterAlone',
        );
        expect(counted.map(({ name }) => name)).toContain('db.client.operation.duration');
        await inside('program', calls);
        expect(recorder.tree()).toEqual([
          'program',
          '  MATCH AdapterAlone',
          '  executeRead',
          '    attempt 1',
          '      BEGIN',
          '      RETURN',
          '      COMMIT',
          '  RETURN',
          '    attempt 1',
        ]);
      });
    });
  });
}
