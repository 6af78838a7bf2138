import driver6 from 'neo4j-driver';
import driver5 from 'neo4j-driver-v5';

/** Both majors as the newer one is typed; what only 5 has is cast where it is used. */
export const drivers: readonly (readonly [title: string, library: typeof driver6])[] = [
  ['neo4j-driver 5', driver5 as unknown as typeof driver6],
  ['neo4j-driver 6', driver6],
];
