import { describeContract, describeWithService } from '@throughline/testing';
import type { Driver } from 'neo4j-driver';
import { neo4j } from '../src/index.js';
import { drivers } from './drivers.js';

describeWithService('neo4j-5', 'on a real server', ({ url }) => {
  for (const { title, neo4j: library } of drivers) {
    let driver: Driver;
    const setup = async (): Promise<void> => {
      driver = library.driver(url);
      await driver.verifyConnectivity();
    };
    const teardown = (): Promise<void> => driver.close();

    describeContract(`${title}, session.run`, {
      adapter: () => neo4j(),
      modules: [library],
      setup,
      teardown,
      async call() {
        const session = driver.session();
        const { records } = await session.run('RETURN $value AS value', { value: 'SECRETVALUE' });
        await session.close();
        return records.map((record) => record.toObject());
      },
      spans: ['RETURN'],
      async fail() {
        const session = driver.session();
        const error: unknown = await session.run("RETRUN 'SECRETLITERAL'").catch((reason: unknown) => reason);
        await session.close();
        return error;
      },
      errorType: 'Neo.ClientError.Statement.SyntaxError',
      secrets: ['SECRET'],
      metric: 'db.client.operation.duration',
    });

    describeContract(`${title}, executeQuery`, {
      adapter: () => neo4j(),
      modules: [library],
      setup,
      teardown,
      async call() {
        const { records } = await driver.executeQuery('RETURN $value AS value', { value: 'SECRETVALUE' });
        return records.map((record) => record.toObject());
      },
      spans: ['RETURN', '  attempt 1'],
      fail: () =>
        driver
          .executeQuery("RETURN 1/size('SECRET') + toInteger($x) / 0", { x: 'SECRET' })
          .catch((error: unknown) => error),
      errorType: 'Neo.ClientError.Statement.ArithmeticError',
      secrets: ['SECRETVALUE'],
      metric: 'db.client.operation.duration',
    });
  }
});
