import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageFolder, runProgram } from '@throughline/testing';
import type { NodeVersion, ProgramOptions } from '@throughline/testing';
import { dependencies, files, repository } from './programs.js';

/** Every way in which a program can come to have a library and us. Each calls the model once for each copy it has. */
interface Host {
  readonly title: string;
  readonly files: Record<string, string>;
  readonly options?: Partial<ProgramOptions>;
  /** Spans that the program makes; 1 unless said. */
  readonly spans?: number;
}

const hosts: readonly Host[] = [
  {
    title: 'a static import before us, and a client made before',
    files: {
      'main.mjs': `import OpenAI from 'openai';\nimport { ask, fetch } from './ask.mjs';\nconst client = new OpenAI({ apiKey: 'k', fetch });\nawait import('./setup.mjs');\nawait ask(OpenAI, client);`,
    },
  },
  {
    title: 'a static import of both, the set-up first',
    files: {
      'main.mjs': `import './setup.mjs';\nimport OpenAI from 'openai';\nimport { ask } from './ask.mjs';\nawait ask(OpenAI);`,
    },
  },
  {
    title: 'a static import of both, the set-up last',
    files: {
      'main.mjs': `import OpenAI from 'openai';\nimport { ask } from './ask.mjs';\nimport './setup.mjs';\nawait ask(OpenAI);`,
    },
  },
  {
    title: 'a dynamic import later',
    files: {
      'main.mjs': `import './setup.mjs';\nimport { ask } from './ask.mjs';\nawait ask((await import('openai')).default);`,
    },
  },
  {
    title: 'a require before us',
    files: {
      'main.cjs': `const OpenAI = require('openai');\nrequire('./setup.cjs');\nrequire('./ask.cjs').ask(OpenAI);`,
    },
  },
  {
    title: 'a require after us',
    files: {
      'main.cjs': `require('./setup.cjs');\nconst OpenAI = require('openai');\nrequire('./ask.cjs').ask(OpenAI);`,
    },
  },
  {
    title: 'an ESM program whose set-up is CommonJS',
    files: {
      'main.mjs': `import './setup.cjs';\nimport OpenAI from 'openai';\nimport { ask } from './ask.mjs';\nawait ask(OpenAI);`,
    },
  },
  {
    title: 'the ESM and the CommonJS copy at once, one before and one after us',
    files: {
      'main.mjs': `import OpenAI from 'openai';\nimport { createRequire } from 'node:module';\nimport { ask } from './ask.mjs';\nimport './setup.mjs';\nawait ask(OpenAI);\nawait ask(createRequire(import.meta.url)('openai'));`,
    },
    spans: 2,
  },
  {
    title: 'two versions in one tree',
    files: {
      'main.mjs': `import OpenAI from 'openai';\nimport Older from 'older';\nimport { ask } from './ask.mjs';\nimport './setup.mjs';\nawait ask(OpenAI);\nawait ask(Older);`,
    },
    spans: 2,
  },
  {
    title: 'a subpath import',
    files: {
      'main.mjs': `import './setup.mjs';\nimport { OpenAI } from 'openai/client';\nimport { ask } from './ask.mjs';\nawait ask(OpenAI);`,
    },
  },
  {
    title: 'a preload by --import',
    files: { 'main.mjs': `import OpenAI from 'openai';\nimport { ask } from './ask.mjs';\nawait ask(OpenAI);` },
    options: { execArgv: ['--import', './throughline-setup.mjs'] },
  },
  {
    title: 'a preload by --require',
    files: { 'main.cjs': `const OpenAI = require('openai');\nrequire('./ask.cjs').ask(OpenAI);` },
    options: { execArgv: ['--require', './throughline-setup.cjs'] },
  },
  {
    title: 'a worker thread with a preload',
    files: {
      'main.mjs': `import { Worker } from 'node:worker_threads';\nnew Worker(new URL('./worker.mjs', import.meta.url));`,
      'worker.mjs': `import OpenAI from 'openai';\nimport { ask } from './ask.mjs';\nawait ask(OpenAI);`,
    },
    options: { execArgv: ['--import', './throughline-setup.mjs'] },
  },
  {
    title: 'TypeScript through tsx, which needs await of ready',
    files: {
      'main.ts': `import OpenAI from 'openai';\nimport './provider.cjs';\nimport { ask } from './ask.mjs';\nimport { instrumentAll } from '@throughline/core';\nconst { ready } = instrumentAll();\nconst report = await ready;\nif (!String(report).includes('traced')) console.log(String(report));\nawait ask(OpenAI);`,
    },
    options: { execArgv: ['--import', path.join(packageFolder('tsx', repository), 'dist', 'loader.mjs')] },
  },
  {
    title: 'an import of CommonJS that requires an ES module which imports CommonJS',
    files: {
      'main.mjs': `import './setup.mjs';
import OpenAI from 'openai';
import { ask } from './ask.mjs';
const { default: bridge, main, value } = await import('bridge');
if (bridge.value !== 'cjs' || value !== 'cjs' || main !== false) throw new Error(String(value));
await ask(OpenAI);`,
      'node_modules/bridge/package.json': '{ "name": "bridge", "main": "index.js" }',
      'node_modules/bridge/index.js': `#!/usr/bin/env node
'use strict';
exports.value = require('dual').default;
exports.main = require.main === module;`,
      'node_modules/dual/package.json':
        '{ "name": "dual", "exports": { "module-sync": "./index.mjs", "default": "./index.js" } }',
      'node_modules/dual/index.mjs': `import value from './index.js';\nexport default value;`,
      'node_modules/dual/index.js': `module.exports = 'cjs';`,
    },
  },
  {
    title: "beside another vendor's hook",
    files: {
      'main.mjs': `import './vendor.mjs';\nimport './setup.mjs';\nimport { ask } from './ask.mjs';\nawait ask((await import('openai')).default);`,
      'vendor.mjs': `import { InstrumentationBase, InstrumentationNodeModuleDefinition, registerInstrumentations } from '@opentelemetry/instrumentation';
class Vendor extends InstrumentationBase {
  init() {
    return [new InstrumentationNodeModuleDefinition('openai', ['*'], (exports) => {
      this._wrap(exports.OpenAI.Chat.Completions.prototype, 'create', (original) => function (...args) { return original.apply(this, args); });
      return exports;
    })];
  }
}
registerInstrumentations({ instrumentations: [new Vendor('vendor', '1.0.0', {})] });`,
    },
  },
  {
    title: 'a hot reload of the set-up, of core and of an adapter',
    files: {
      'main.mjs': `import './setup.mjs';
import OpenAI from 'openai';
import { ask } from './ask.mjs';
await import('./setup.mjs?again');
const core = await import(import.meta.resolve('@throughline/core') + '?again');
const { openai } = await import(import.meta.resolve('@throughline/openai') + '?again');
core.instrumentAll();
openai().enable();
await ask(OpenAI);`,
    },
  },
  {
    title: 'a second instrumentAll, and a second copy of core',
    files: {
      'main.mjs': `import './setup.mjs';\nimport { instrumentAll } from '@throughline/core';\nimport { createRequire } from 'node:module';\nimport OpenAI from 'openai';\nimport { ask } from './ask.mjs';\ninstrumentAll();\ncreateRequire(import.meta.url)('@throughline/core').instrumentAll();\nconst again = createRequire(import.meta.url)('@throughline/openai').openai();\nagain.enable();\nagain.instrument(OpenAI);\nawait ask(OpenAI);`,
    },
  },
];

describe.each<NodeVersion>(['22.15.0', '24.21.0', '26.10.0'])('on Node %s', (node) => {
  it.each(hosts)('$title', async ({ files: own, options = {}, spans = 1 }) => {
    const preload = { 'throughline-setup.mjs': files['setup.mjs'], 'throughline-setup.cjs': files['setup.cjs'] };
    const result = await runProgram({
      files: { ...files, ...preload, ...own },
      dependencies,
      entry: Object.keys(own)[0] as string,
      node,
      ...options,
    });
    expect(result.stderr).toBe('');
    expect(result.exitCode).toBe(0);
    expect(result.spans.map((span) => span.name)).toEqual(Array.from({ length: spans }, () => 'chat m'));
  });
});
