// Also an entry of its own, for programs outside of vitest.
export * from './fault-proxy.js';
export * from './private-servers.js';
export * from './seeded-random.js';
