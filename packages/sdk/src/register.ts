import { startTracing } from './start-tracing.js';

// A preload has no options: the environment says what is to be known.
startTracing();
