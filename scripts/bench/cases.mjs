// What is measured: for each case, how a program makes the call, and the span that a careful programmer would write
// around it by hand. A case runs in a child process of its own (variant.mjs), from the folder of its adapter.

const serverOf = (url) => ({ 'server.address': new URL(url).hostname, 'server.port': Number(new URL(url).port) });

/** What every adapter adds to an answer over HTTP: the same number of attributes is compared. */
const peer = { 'network.protocol.version': '1.1', 'network.peer.address': '127.0.0.1', 'network.peer.port': 1 };

const cacheReads = (value) => ({
  'redis.cache.hits': value === null ? 0 : 1,
  'redis.cache.misses': value === null ? 1 : 0,
});

/**
 * `together`: calls under way at once, so that waking up for each answer does not drown what is measured.
 * `kind` 2 is CLIENT, 0 INTERNAL. `before` is given to startSpan, `after` is set once the call has answered.
 */
export const cases = {
  ioredis: {
    adapter: 'redis',
    needs: 'redis',
    together: 50,
    async start({ load, address }) {
      const { Redis } = await load('ioredis');
      const client = new Redis(address);
      await client.set('bench', 'value');
      return { call: () => client.get('bench'), stop: () => client.disconnect() };
    },
    hand: ({ address }) => ({
      name: 'get',
      kind: 2,
      before: { 'db.system.name': 'redis', 'db.operation.name': 'get', 'db.namespace': '0', ...serverOf(address) },
      after: (value) => ({ 'db.query.text': 'get ?', ...cacheReads(value) }),
    }),
  },
  redis: {
    adapter: 'redis',
    needs: 'redis',
    together: 50,
    async start({ load, address }) {
      const { createClient } = await load('redis');
      const client = await createClient({ url: address }).connect();
      await client.set('bench', 'value');
      return { call: () => client.get('bench'), stop: () => client.destroy() };
    },
    hand: ({ address }) => ({
      name: 'GET',
      kind: 2,
      before: { 'db.system.name': 'redis', 'db.operation.name': 'GET', 'db.namespace': '0', ...serverOf(address) },
      after: (value) => ({ 'db.query.text': 'GET ?', ...cacheReads(value) }),
    }),
  },
  'neo4j run': {
    adapter: 'neo4j',
    needs: 'neo4j-5',
    together: 20,
    async start({ load, address }) {
      const { default: neo4j } = await load('neo4j-driver');
      const driver = neo4j.driver(address);
      // One query at a time in each: a session has one connection.
      const sessions = Array.from({ length: 20 }, () => driver.session());
      let next = 0;
      const call = () => sessions[(next += 1) % sessions.length].run('RETURN $n AS n', { n: 1 });
      return { call, stop: () => driver.close() };
    },
    hand: ({ address }) => ({
      name: 'RETURN',
      kind: 2,
      before: {
        'db.system.name': 'neo4j',
        'db.namespace': 'neo4j',
        'db.query.summary': 'RETURN',
        ...serverOf(address),
      },
      after: (result) => ({ 'db.query.text': 'RETURN $n AS n', 'db.response.returned_rows': result.records.length }),
    }),
  },
  fetch: {
    adapter: 'http',
    needs: 'http server',
    together: 50,
    start: async ({ address }) => ({ call: async () => (await fetch(`${address}/a`)).text(), stop() {} }),
    hand: ({ address }) => ({
      name: 'GET',
      kind: 2,
      before: { 'http.request.method': 'GET', 'url.full': `${address}/a`, ...serverOf(address) },
      after: () => ({ 'http.response.status_code': 200, ...peer }),
    }),
  },
  'undici request': {
    adapter: 'http',
    needs: 'http server',
    together: 50,
    async start({ load, address }) {
      const { request } = await load('undici');
      return { call: async () => (await request(`${address}/a`)).body.text(), stop() {} };
    },
    hand: ({ address }) => ({
      name: 'GET',
      kind: 2,
      before: { 'http.request.method': 'GET', 'url.full': `${address}/a`, ...serverOf(address) },
      after: () => ({ 'http.response.status_code': 200, ...peer }),
    }),
  },
  'node:http': {
    adapter: 'http',
    needs: 'http server',
    together: 50,
    async start({ address }) {
      const http = await import('node:http');
      const agent = new http.Agent({ keepAlive: true });
      const call = () =>
        new Promise((resolve, reject) => {
          http.get(`${address}/a`, { agent }, (response) => response.resume().on('end', resolve)).on('error', reject);
        });
      return { call, stop: () => agent.destroy() };
    },
    hand: ({ address }) => ({
      name: 'GET',
      kind: 2,
      before: { 'http.request.method': 'GET', 'url.full': `${address}/a`, ...serverOf(address) },
      after: () => ({ 'http.response.status_code': 200, ...peer }),
    }),
  },
  // Over a pair of streams in the process: no socket, and next to nothing for the client.
  'node:http server': {
    adapter: 'http',
    together: 50,
    async start({ api }) {
      const { createServer } = await import('node:http');
      const { duplexPair } = await import('node:stream');
      const { AsyncResource } = await import('node:async_hooks');
      const answer = (_, response) => response.end('yes');
      const server = createServer(api === undefined ? answer : servedByHand(api, answer));
      const free = [];
      const connect = () => {
        const [client, side] = duplexPair();
        server.emit('connection', side);
        const connection = { client, done: undefined };
        client.on('data', (data) => {
          if (!data.includes('\r\n\r\nyes')) return;
          free.push(connection);
          connection.done();
        });
        return connection;
      };
      // As from a socket: outside of the program's context.
      const send = AsyncResource.bind((done) => {
        const connection = free.pop() ?? connect();
        connection.done = done;
        connection.client.write('GET /a?page=2 HTTP/1.1\r\nHost: localhost:80\r\nUser-Agent: bench\r\n\r\n');
      });
      const call = () => new Promise((resolve) => send(resolve));
      return { call, stop() {} };
    },
  },
  openai: {
    adapter: 'openai',
    async start({ load }) {
      const { default: OpenAI } = await load('openai');
      const answer = JSON.stringify({
        id: 'a',
        object: 'chat.completion',
        created: 0,
        model: 'm',
        choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'yes' } }],
        usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 },
      });
      const headers = { 'content-type': 'application/json' };
      const client = new OpenAI({ apiKey: 'k', fetch: async () => new Response(answer, { headers }) });
      const request = { model: 'm', temperature: 0, messages: [{ role: 'user', content: 'q' }] };
      return { call: () => client.chat.completions.create(request), stop() {} };
    },
    hand: () => ({
      name: 'chat m',
      kind: 2,
      before: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'm',
        'server.address': 'api.openai.com',
        'server.port': 443,
      },
      after: ({ id, model, usage, choices }) => ({
        'gen_ai.request.temperature': 0,
        'gen_ai.response.id': id,
        'gen_ai.response.model': model,
        'gen_ai.response.finish_reasons': choices.map((choice) => choice.finish_reason),
        'gen_ai.usage.input_tokens': usage.prompt_tokens,
        'gen_ai.usage.output_tokens': usage.completion_tokens,
      }),
    }),
  },
  'langchain model': {
    adapter: 'langchain',
    async start({ load }) {
      const { FakeListChatModel } = await load('@langchain/core/utils/testing');
      const model = new FakeListChatModel({ responses: ['yes'] });
      return { call: () => model.invoke('q'), stop() {} };
    },
    hand: () => ({
      name: 'chat',
      kind: 2,
      before: { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'fake' },
      after: () => ({}),
    }),
  },
};

/** The span that a careful programmer would write into a server. */
function servedByHand({ context, propagation, ROOT_CONTEXT, trace }, listener) {
  const tracer = trace.getTracer('bench');
  return (request, response) => {
    const parent = propagation.extract(ROOT_CONTEXT, request.headers);
    const [path, query] = request.url.split('?');
    const [host, port] = request.headers.host.split(':');
    const attributes = {
      'http.request.method': request.method,
      'url.scheme': 'http',
      'url.path': path,
      'url.query': query,
      'server.address': host,
      'server.port': Number(port),
      'user_agent.original': request.headers['user-agent'],
    };
    const span = tracer.startSpan(request.method, { kind: 1, attributes }, parent);
    response.on('close', () => {
      if (span.isRecording()) {
        span.setAttributes({
          'http.response.status_code': response.statusCode,
          'network.protocol.version': request.httpVersion,
        });
      }
      span.end();
    });
    context.with(trace.setSpan(parent, span), listener, undefined, request, response);
  };
}
