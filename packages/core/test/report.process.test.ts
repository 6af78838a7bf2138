import { runProgram } from '@throughline/testing';
import { describe, expect, it } from 'vitest';
import type { Report } from '../src/index.js';
import { dependencies, files } from './programs.js';

interface Printed {
  readonly report: Report;
  readonly table: string;
  readonly warnings: readonly string[];
}

const main = `import { diag, DiagLogLevel } from '@opentelemetry/api';
const warnings = [];
const silent = () => {};
diag.setLogger({ error: silent, warn: (line) => warnings.push(line), info: silent, debug: silent, verbose: silent }, DiagLogLevel.WARN);
const { instrumentAll } = await import('@throughline/core');
const instrumented = instrumentAll();
const { OpenAI } = await import('openai');
new OpenAI({ apiKey: 'k' });
await instrumented.ready;
const report = instrumented.report();
console.log(JSON.stringify({ report, table: String(report), warnings }));`;

async function run(own: Record<string, string> = {}, env: Record<string, string> = {}): Promise<Printed> {
  const { openai: _, ...others } = dependencies;
  const result = await runProgram({
    files: { ...files, 'main.mjs': main, ...own },
    dependencies: Object.keys(own).some((file) => file.startsWith('node_modules/openai/')) ? others : dependencies,
    entry: 'main.mjs',
    env,
  });
  expect(result.stderr).toBe('');
  return JSON.parse(result.stdout) as Printed;
}

/** The rows of the openai adapter. The older copy is not loaded by these programs. */
const openaiRows = ({ report }: Printed): unknown[] =>
  report.libraries.filter((row) => row.library === 'openai' && !row.path?.includes('openai@6'));

describe('the report', () => {
  it('says where a library was found, in what format, and that spans go nowhere', async () => {
    const printed = await run();
    expect(openaiRows(printed)).toMatchObject([{ adapter: 'openai', state: 'traced', format: 'esm' }]);
    expect(printed.report.provider).toMatchObject({ registered: false });
    expect(printed.table).toMatch(/^library +version +state +why\n/);
    expect(printed.table).toMatch(/^spans +lost +no tracer provider is registered/m);
  });

  it('a major that nobody knows yet is left alone, with one warning that names the range', async () => {
    const printed = await run({
      'node_modules/openai/package.json':
        '{ "name": "openai", "version": "99.0.0", "type": "module", "exports": "./client.mjs" }',
      'node_modules/openai/client.mjs': 'export class OpenAI {}\nObject.freeze(OpenAI);',
    });
    expect(openaiRows(printed)).toMatchObject([
      { state: 'unsupported', version: '99.0.0', why: expect.stringMatching('<8') },
    ]);
    expect(printed.warnings.filter((line) => line.includes('99.0.0'))).toHaveLength(1);
  });

  it('a supported version of unknown shape is left alone and reported', async () => {
    const printed = await run({
      'node_modules/openai/package.json':
        '{ "name": "openai", "version": "7.999.0", "type": "module", "exports": "./client.mjs" }',
      'node_modules/openai/client.mjs': 'export class OpenAI { static Chat = 1; }',
    });
    expect(openaiRows(printed)).toMatchObject([{ state: expect.stringMatching(/failed|waiting/) }]);
  });

  it('an adapter that cannot be loaded stops no other', async () => {
    const printed = await run({
      'node_modules/@throughline/neo4j/package.json': '{ "name": "@throughline/neo4j", "version": "1.0.0" }',
      'node_modules/@throughline/neo4j/dist/index.mjs': 'throw new Error("broken adapter");',
    });
    expect(printed.report.failures).toEqual([{ adapter: 'neo4j', why: 'could not be loaded: broken adapter' }]);
    expect(openaiRows(printed)).toMatchObject([{ state: 'traced' }]);
  });

  it.each([
    ['INSTRUMENT_OPENAI', 'false', 'INSTRUMENT_OPENAI'],
    ['OTEL_NODE_DISABLED_INSTRUMENTATIONS', 'openai', 'OTEL_NODE_DISABLED_INSTRUMENTATIONS'],
    ['OTEL_NODE_ENABLED_INSTRUMENTATIONS', 'redis', 'not in OTEL_NODE_ENABLED_INSTRUMENTATIONS'],
    ['TRACING_ENABLED', '0', 'tracing is disabled'],
    ['OTEL_SDK_DISABLED', 'true', 'tracing is disabled'],
  ])('%s=%s disables, and says so', async (variable, value, why) => {
    const printed = await run({}, { [variable]: value });
    expect(printed.report.libraries).toContainEqual({ library: 'openai', adapter: 'openai', state: 'disabled', why });
  });

  it('a typo in a variable is a warning, and the library is traced', async () => {
    const printed = await run({}, { INSTRUMENT_OPENAI: 'flase' });
    expect(openaiRows(printed)).toMatchObject([{ state: 'traced' }]);
    expect(printed.warnings).toContainEqual(
      "throughline: environment variable INSTRUMENT_OPENAI: 'flase' is not accepted; expected true or false; ignored",
    );
  });
});
