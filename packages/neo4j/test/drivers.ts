import driver6 from 'neo4j-driver';
import driverLite from 'neo4j-driver-lite';
import driver5 from 'neo4j-driver-v5';

type Library = readonly [title: string, library: typeof driver6];

/** Both majors as the newer one is typed; what only 5 has is cast where it is used. */
export const drivers: readonly Library[] = [
  ['neo4j-driver 5', driver5 as unknown as typeof driver6],
  ['neo4j-driver 6', driver6],
];

/** The same without `rxSession`. */
export const lite: Library = ['neo4j-driver-lite 6', driverLite as unknown as typeof driver6];
