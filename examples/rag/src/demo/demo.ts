// npm run demo [-- --endpoint http://localhost:4318] [--in-memory] [--json]
// Starts the service with everything it needs, asks it a few questions and shows the trace of each.
import { parseArgs, styleText } from 'node:util';
import { ask } from './ask.ts';
import { startGlossary } from './glossary.ts';
import { startModel } from './model.ts';
import { outcomeOf, type Outcome, type Round } from './outcome.ts';
import { requests, type DemoRequest } from './requests.ts';
import { isRunning, noServers, startServers, type State } from './servers.ts';
import { startService, type ServiceProcess } from './service-process.ts';
import { difference, sumOf, tokensIn, type Tokens } from './tokens.ts';

const { values: options } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== '--'),
  options: {
    // An OpenTelemetry collector, which gets the traces too.
    endpoint: { type: 'string' },
    // Starts no server.
    'in-memory': { type: 'boolean', default: false },
    // One object for a program, instead of what people read.
    json: { type: 'boolean', default: false },
  },
});

const servers = options['in-memory'] ? noServers : await startServers();
const glossary = await startGlossary();
const model = process.env['OPENAI_API_KEY'] ? undefined : await startModel();
let service: ServiceProcess | undefined;
process.once('SIGINT', () => void servers.stop().then(() => process.exit(130)));
try {
  introduce();
  service = await startService(environment(), options.json);
  const rounds: Round[] = [];
  for (const request of requests) rounds.push(...(await run(service, request)));
  conclude(outcomeOf(rounds, await service.report()));
} finally {
  await service?.stop();
  await model?.close();
  glossary.close();
  await servers.stop();
}

function environment(): NodeJS.ProcessEnv {
  const exporters = [!options.json && 'console', 'memory', options.endpoint !== undefined && 'otlp'];
  return {
    GLOSSARY_URL: glossary.url,
    TRACING_EXPORTER: exporters.filter(Boolean).join(','),
    ...(isRunning(servers.redis) && { REDIS_URL: servers.redis.url }),
    ...(isRunning(servers.neo4j) && { NEO4J_URL: servers.neo4j.url }),
    ...(model && { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: 'the stand-in needs none' }),
    ...(options.endpoint !== undefined && { TRACING_OTLP_ENDPOINT: options.endpoint }),
  };
}

async function run({ url, spans }: ServiceProcess, request: DemoRequest): Promise<Round[]> {
  const { title, question, streamed = false, arrange, breakTool } = request;
  const heading = `${requests.indexOf(request) + 1}  ${title}`;
  if (arrange && !model) {
    say(`\n${heading}: left out, since a real model does not do it when told`);
    return [];
  }
  say(`\n${styleText('bold', heading)}  ${styleText('dim', question)}`);

  const before = { ...(model?.usage ?? { input: 0, output: 0 }) };
  if (model) arrange?.(model);
  breakTool?.(glossary);
  const reply = await ask(url, question, streamed);
  const trace = await spans(reply.traceId);
  say(styleText('dim', reply.text === '' ? `✗ no answer, status ${reply.status}` : `→ ${oneRow(reply.text)}`));
  return [
    {
      ...reply,
      title,
      question,
      spans: trace,
      traced: tokensIn(trace),
      counted: model && difference(model.usage, before),
    },
  ];
}

function introduce(): void {
  const who = model ? 'a local stand-in; OPENAI_API_KEY brings a real one' : 'the one behind OPENAI_API_KEY';
  say(`podcast-rag, asked five questions. The model is ${who}.`);
  sayWhatIsMissing('Redis', servers.redis, 'the cache is a Map');
  sayWhatIsMissing('Neo4j', servers.neo4j, 'the episodes are in an array');
}

function sayWhatIsMissing(name: string, state: State, instead: string): void {
  if (!isRunning(state)) say(`${styleText('yellow', `No ${name}, so ${instead}`)}: ${state.unavailable}`);
}

function conclude(outcome: Outcome): void {
  const { rounds, report, agree, answered } = outcome;
  process.exitCode = agree && answered ? 0 : 1;
  if (options.json) return console.log(JSON.stringify(outcome));

  const traced = sumOf(rounds.map((round) => round.traced));
  const counted = sumOf(rounds.map((round) => round.counted ?? { input: 0, output: 0 }));
  const verdict = agree ? ' = what the model server counted' : ` but the model server counted ${words(counted)}`;
  say(`\n${report}\n`);
  say(styleText(agree ? 'green' : 'red', `tokens: root sums ${words(traced)}${model ? verdict : ''}`));
}

function words({ input, output }: Tokens): string {
  return `${input} in, ${output} out`;
}

function oneRow(text: string): string {
  const room = Math.min(process.stdout.columns ?? 120, 120) - 3;
  return text.length <= room ? text : `${text.slice(0, room)}…`;
}

function say(text: string): void {
  if (!options.json) console.log(text);
}
