import { readFileSync } from 'node:fs';
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { describeWithService, startNeo4j } from '@throughline/testing';
import type { OwnNeo4j } from '@throughline/testing';
import type { Driver, QueryResult } from 'neo4j-driver';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drivers } from './drivers.js';
import type { TestedDriver } from './drivers.js';
import { failureOf, traceDrivers } from './tracing.js';

const { recorder, attach, detach, compare } = traceDrivers();

const password = 'SECRETpassword1';
/** More than any buffer holds. */
const ENDLESS = 'UNWIND range(1, 100000000) AS x RETURN x';

const codeOf = ({ name, code }: Error & { readonly code?: string }): readonly unknown[] => [name, code];

for (const version of ['5', '2026'] as const) {
  describeWithService(`neo4j-${version}`, `a server of one's own, ${version}`, () => {
    let server: OwnNeo4j;
    beforeAll(async () => {
      server = await startNeo4j({ version, password, tls: true });
    }, 300_000);
    afterAll(() => server[Symbol.asyncDispose]());

    const connect = ({ neo4j }: TestedDriver, url = server.url, given = password, config = {}): Driver =>
      neo4j.driver(url, neo4j.auth.basic('neo4j', given), config);
    const ask = async (driver: Driver, query = 'RETURN 1 AS one'): Promise<QueryResult> => {
      try {
        return await driver.session().run(query);
      } finally {
        await driver.close();
      }
    };

    describe.each(drivers)('$title', (tested) => {
      it.each(['bolt+ssc:', 'neo4j+ssc:'])('%s with a self-made certificate', async (scheme) => {
        const { host, port } = new URL(server.url.replace('bolt+ssc:', 'http:'));
        await compare(async () => (await ask(connect(tested, `${scheme}//${host}`))).summary.server.address);
        expect(recorder.span('RETURN')).toMatchObject({
          status: 'UNSET',
          attributes: { 'server.address': '127.0.0.1', 'server.port': Number(port), 'db.namespace': 'neo4j' },
        });
      });

      it('a certificate that is trusted by name', async () => {
        const certificate = server.certificate as string;
        expect(readFileSync(certificate, 'utf8')).toContain('BEGIN CERTIFICATE');
        const config = {
          encrypted: 'ENCRYPTION_ON',
          trust: 'TRUST_CUSTOM_CA_SIGNED_CERTIFICATES',
          trustedCertificates: [certificate],
        };
        await compare(async () => {
          const driver = connect(tested, server.url.replace('bolt+ssc:', 'bolt:'), password, config);
          return (await ask(driver)).records.length;
        });
        expect(recorder.spans()).toHaveLength(1);
      });

      it.each(['bolt+s:', 'bolt:'])('%s, which the server refuses, fails as it does', async (scheme) => {
        const seen = await compare(async () =>
          codeOf(await failureOf(ask(connect(tested, server.url.replace('bolt+ssc:', scheme))))),
        );
        expect(recorder.span('RETURN')).toMatchObject({ status: 'ERROR', attributes: { 'error.type': seen[1] } });
      });

      it('a wrong password fails with its code, and is nowhere', async () => {
        const logged: string[] = [];
        const log = (...words: unknown[]): void => void logged.push(words.map(String).join(' '));
        diag.setLogger(
          { error: log, warn: log, info: log, debug: log, verbose: log },
          { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true },
        );
        await compare(async () => codeOf(await failureOf(ask(connect(tested, server.url, 'SECRETwrong')))));
        diag.disable();
        const code = 'Neo.ClientError.Security.Unauthorized';
        expect(recorder.span('RETURN')).toMatchObject({
          status: 'ERROR',
          attributes: { 'error.type': code, 'db.response.status_code': code },
        });
        expect(JSON.stringify([recorder.spans(), logged])).not.toContain('SECRET');
      });

      it('a transaction that takes too long is ended by the server, with its code', async () => {
        const seen = await compare(async () => {
          const driver = connect(tested);
          const session = driver.session();
          const slow = 'UNWIND range(1, 100000000) AS x UNWIND range(1, 100000) AS y RETURN count(x * y)';
          const error = await failureOf(session.run(slow, {}, { timeout: 300 }));
          await driver.close();
          return codeOf(error);
        });
        expect(seen[1]).toMatch(/^Neo\.ClientError\.Transaction\.TransactionTimedOut/);
        expect(recorder.span('UNWIND UNWIND')).toMatchObject({
          status: 'ERROR',
          attributes: { 'error.type': seen[1] },
        });
      });
    });

    it('a server that is killed while rows come, and started again while transactions are retried', async () => {
      const breakAll = async (): Promise<readonly unknown[]> => {
        // On a busy machine a server needs longer to start than the driver retries by itself.
        const patient = (): object => ({ maxTransactionRetryTime: 240_000 });
        const all = drivers.map((tested) => connect(tested, server.url, password, patient()));
        const reading = await Promise.all(
          all.map(async (driver) => {
            const rows = driver.session({ fetchSize: 10 }).run(ENDLESS)[Symbol.asyncIterator]();
            await rows.next();
            return rows;
          }),
        );
        await server.kill();
        const broken = await Promise.all(
          reading.map((rows) =>
            failureOf(
              (async () => {
                for (let step = await rows.next(); step.done !== true;) step = await rows.next();
              })(),
            ),
          ),
        );
        const retried = all.map((driver) =>
          driver
            .session()
            .executeRead(async (transaction) => (await transaction.run('RETURN 1 AS one')).records.length),
        );
        await server.restart();
        const answers = await Promise.all(retried);
        await Promise.all(all.map((driver) => driver.close()));
        return [broken.map(codeOf), answers];
      };
      detach();
      const without = await breakAll();
      attach();
      recorder.reset();
      expect(await breakAll()).toEqual(without);

      expect(recorder.open()).toBe(0);
      const named = (name: string): readonly ReturnType<typeof recorder.spans>[number][] =>
        recorder.spans().filter((span) => span.name === name);
      expect(named('UNWIND')).toHaveLength(drivers.length);
      for (const { status, attributes } of named('UNWIND')) {
        expect([status, attributes['error.type']]).toEqual(['ERROR', 'ServiceUnavailable']);
      }
      expect(named('executeRead').map(({ status }) => status)).toEqual(drivers.map(() => 'UNSET'));
      expect(named('attempt 2').length).toBeGreaterThanOrEqual(drivers.length);
      for (const { attributes } of named('attempt 2')) {
        expect(attributes['neo4j.attempt.reason']).toBe('ServiceUnavailable');
      }
    }, 600_000);
  });
}
