import { createRequire } from 'node:module';
import path from 'node:path';

/** A `require` of the program's folder. `import.meta.url` is undefined in a CommonJS bundle, so it is not ours. */
export function hostRequire(): NodeJS.Require {
  return createRequire(path.join(process.cwd(), 'index.js'));
}
