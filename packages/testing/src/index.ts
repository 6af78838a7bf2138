export * from './child.js';
export * from './contract.js';
export * from './describe-with-service.js';
export * from './fixture.js';
export * from './node-program.js';
export * from './openai-server.js';
export * from './services.js';
export * from './recorder.js';
