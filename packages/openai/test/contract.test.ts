import { describeContract, scenario, startOpenAIServer } from '@throughline/testing';
import { afterAll, beforeAll } from 'vitest';
import type { OpenAIServer } from '@throughline/testing';
import { openai } from '../src/index.js';
import { majors } from './majors.js';
import { read } from './run.js';

let server: OpenAIServer;
beforeAll(async () => {
  server = await startOpenAIServer({
    respond: ({ body }) =>
      body['model'] === 'bad' ? scenario.status(400, { message: 'SECRETERR' }) : scenario.text('SECRETOUT'),
  });
});
afterAll(() => server.close());

const messages = [{ role: 'user', content: 'SECRETIN' }] as const;

for (const [title, api] of majors) {
  const client = (): InstanceType<typeof api.OpenAI> =>
    new api.OpenAI({ apiKey: 'sk-SECRETKEY', baseURL: server.url, maxRetries: 0 });
  const contract = {
    adapter: () => openai(),
    modules: [api],
    fail: () =>
      client()
        .chat.completions.create({ model: 'bad', messages: [...messages] })
        .catch((error: unknown) => error),
    errorType: '400',
    secrets: ['SECRET'],
    metric: 'gen_ai.client.inference.duration',
  };
  describeContract(title, {
    ...contract,
    call: async () => (await client().chat.completions.create({ model: 'gpt-4o', messages: [...messages] })).choices,
    spans: ['chat gpt-4o'],
  });
  describeContract(`${title}, streamed`, {
    ...contract,
    call: async () => {
      const chunks = await read(
        await client().chat.completions.create({ model: 'gpt-4o', messages: [...messages], stream: true }),
      );
      return chunks.map(({ choices }) => choices);
    },
    spans: ['chat gpt-4o'],
  });
}
