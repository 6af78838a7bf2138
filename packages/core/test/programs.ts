import path from 'node:path';
import { packageFolder } from '@throughline/testing';

export const repository: string = path.join(import.meta.dirname, '..', '..', '..');
const openai = path.join(repository, 'packages', 'openai');
const testing = path.join(repository, 'packages', 'testing');

/** What a program has installed: real packages, under their real names. */
export const dependencies: Readonly<Record<string, string>> = {
  '@throughline/core': path.join(repository, 'packages', 'core'),
  '@throughline/openai': openai,
  '@opentelemetry/api': packageFolder('@opentelemetry/api', openai),
  '@opentelemetry/sdk-trace': packageFolder('@opentelemetry/sdk-trace', testing),
  '@opentelemetry/context-async-hooks': packageFolder('@opentelemetry/context-async-hooks', testing),
  '@opentelemetry/instrumentation': packageFolder('@opentelemetry/instrumentation', testing),
  openai: packageFolder('openai', openai),
  // A dependency of the program's that brings a version of its own.
  'older/node_modules/openai': packageFolder('openai-v6', openai),
};

/** The client is real; its answer is made in the process. */
const ask = `
const answer = { id: 'a', object: 'chat.completion', created: 0, model: 'm', choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'yes' } }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } };
const fetch = async () => new Response(JSON.stringify(answer), { headers: { 'content-type': 'application/json' } });
const ask = async (OpenAI, client = new OpenAI({ apiKey: 'k', fetch })) => {
  const { choices } = await client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'q' }] });
  if (choices[0].message.content !== 'yes') throw new Error('another answer');
};`;

const provider = `
const { TracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace');
const { trace } = require('@opentelemetry/api');
const { exporter } = require('./spans-to-fd3.cjs');
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));`;

/** What the programs of these tests share. */
export const files: Readonly<Record<string, string>> & { readonly 'setup.mjs': string; readonly 'setup.cjs': string } =
  {
    'package.json': '{ "private": true, "type": "module", "dependencies": { "openai": "*", "older": "*" } }',
    'provider.cjs': provider,
    'ask.mjs': `${ask}\nexport { ask, fetch };`,
    'ask.cjs': `${ask}\nmodule.exports = { ask, fetch };`,
    'setup.mjs': `import './provider.cjs';\nimport { instrumentAll } from '@throughline/core';\ninstrumentAll();`,
    'setup.cjs': `require('./provider.cjs');\nconst { instrumentAll } = require('@throughline/core');\ninstrumentAll();`,
    'node_modules/older/package.json': '{ "name": "older", "main": "index.cjs", "dependencies": { "openai": "*" } }',
    'node_modules/older/index.cjs': `module.exports = require('openai').OpenAI;`,
  };
