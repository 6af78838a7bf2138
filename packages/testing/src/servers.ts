/** Entry for programs outside of vitest: servers that they may kill, and a proxy that breaks connections. */
export * from './fault-proxy.js';
export * from './private-servers.js';
export * from './seeded-random.js';
