import { describeContract } from '@throughline/testing';
import { langchain } from '../src/index.js';
import { searchTool } from './application.js';
import { LINES, load } from './library.js';

for (const line of LINES) {
  const lib = await load(line, 'esm');
  const finds = searchTool(lib, async () => 'SECRETRESULT');
  const fails = searchTool(lib, async () => {
    throw new RangeError('SECRETERROR');
  });
  describeContract(`@langchain/core ${line}`, {
    adapter: () => langchain(),
    modules: [lib.managers, lib.tools],
    call: () => finds.invoke({ query: 'SECRETQUERY' }),
    spans: ['execute_tool search'],
    fail: () => fails.invoke({ query: 'SECRETQUERY' }).catch((error: unknown) => error),
    errorType: 'RangeError',
    secrets: ['SECRET'],
    metric: 'gen_ai.execute_tool.duration',
  });
}
