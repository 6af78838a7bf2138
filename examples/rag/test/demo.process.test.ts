import { fileURLToPath } from 'node:url';
import { describeWithService, runProgram, type ProgramResult } from '@throughline/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TracedSpan } from '../src/demo/observed-service.ts';
import type { Outcome } from '../src/demo/outcome.ts';

const demo = (...args: readonly string[]): Promise<ProgramResult> =>
  runProgram({
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    entry: 'src/demo/demo.ts',
    args,
    env: { OPENAI_API_KEY: undefined, OPENAI_BASE_URL: undefined, NO_COLOR: '1', FORCE_COLOR: undefined },
  });

describeWithService('redis', 'the demo', () => {
  describeWithService('neo4j-5', 'on Redis and Neo4j', () => {
    let result: ProgramResult;
    let outcome: Outcome;
    const trace = (number: number): readonly string[] => paths(outcome.rounds[number - 1]?.spans ?? []);

    beforeAll(async () => {
      result = await demo('--json');
      outcome = JSON.parse(result.stdout) as Outcome;
    });

    it('answers every request from the episodes and exits with 0', () => {
      expect(result.exitCode).toBe(0);
      expect(outcome.rounds.map(({ text }) => /“(.+?)”/.exec(text)?.[1])).toEqual([
        'When reranking pays off',
        'When reranking pays off',
        'One trace through a queue',
        'Answers that arrive word by word',
        'Graphs beside vectors',
      ]);
    });

    it('has in each trace exactly the tokens that the model server counted', () => {
      for (const { traced, counted } of outcome.rounds) {
        expect(traced.input).toBeGreaterThan(0);
        expect(traced).toEqual(counted);
      }
    });

    it('traces a cold question through agent, model, tools, Redis, Neo4j and both services', () => {
      expect(trace(1)).toEqual(
        tree(`
          POST /ask
            invoke_agent researcher
              chat gpt-4o-mini
                POST
              execute_tool search_episodes
                get
                embeddings text-embedding-3-small
                  POST
                executeRead
                  attempt 1
                    BEGIN
                    CALL db.index.vector.queryNodes
                    MATCH Episode
                    COMMIT
                set
              execute_tool explain_term
                GET
              chat gpt-4o-mini
                POST
        `),
      );
    });

    it('finds the same question in the cache', () => {
      expect(trace(2)).toEqual(
        tree(`
          POST /ask
            invoke_agent researcher
              chat gpt-4o-mini
                POST
              execute_tool search_episodes
                get
              execute_tool explain_term
                GET
              chat gpt-4o-mini
                POST
        `),
      );
    });

    it('shows a 429 and the attempt after it under one model call, which succeeds', () => {
      const calls = trace(3).filter((path) => path.includes('chat gpt-4o-mini'));
      expect(calls).toEqual(
        tree(`
          POST /ask
            invoke_agent researcher
              chat gpt-4o-mini
                POST ✗
                POST
              chat gpt-4o-mini
                POST
        `).slice(2),
      );
    });

    it('shows a tool that fails, and its second run', () => {
      const runs = trace(4).filter((path) => path.includes('explain_term'));
      expect(runs).toEqual(
        tree(`
          POST /ask
            invoke_agent researcher
              execute_tool explain_term ✗
                GET ✗
              execute_tool explain_term
                GET
        `).slice(2),
      );
    });

    it('knows when the first chunk of a streamed answer came', () => {
      const chats = outcome.rounds[4]?.spans.filter(({ name }) => name === 'chat gpt-4o-mini') ?? [];
      expect(chats).toHaveLength(2);
      for (const { attributes } of chats) {
        expect(attributes['gen_ai.response.time_to_first_chunk']).toBeGreaterThan(0);
      }
    });

    it('has the sum of the tokens in the first row of each printed tree', async () => {
      const { stdout, exitCode } = await demo();
      const roots = [...stdout.matchAll(/^POST \/ask .* in (\d+) · out (\d+) tokens$/gm)];
      expect(exitCode).toBe(0);
      expect(roots.map(([, input, output]) => ({ input: Number(input), output: Number(output) }))).toEqual(
        outcome.rounds.map(({ counted }) => counted),
      );
      expect(stdout).toMatch(/^tokens: root sums \d+ in, \d+ out = what the model server counted$/m);
    });
  });
});

describe('the demo without servers', () => {
  it('says so, shows the rest and exits with 0', async () => {
    const { stdout, exitCode } = await demo('--in-memory');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('No Redis, so the cache is a Map: not started\n');
    expect(stdout).toContain('No Neo4j, so the episodes are in an array: not started\n');
    expect(stdout.match(/^POST \/ask .* 200 /gm)).toHaveLength(5);
    expect(stdout).toContain('= what the model server counted');
  });
});

/** Each span as the names from the root to it; in alphabetical order, since tools run side by side. */
function paths(spans: readonly TracedSpan[]): readonly string[] {
  const pathOf = ({ name, failed, parentId }: TracedSpan): string => {
    const parent = spans.find(({ id }) => id === parentId);
    return `${parent ? `${pathOf(parent)} > ` : ''}${name}${failed ? ' ✗' : ''}`;
  };
  return spans.map(pathOf).toSorted();
}

/** The same of a tree that is written with two spaces for each level. */
function tree(text: string): readonly string[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const depth = (line: string): number => line.search(/\S/);
  const above: string[] = [];
  return lines
    .map((line) => {
      const level = (depth(line) - depth(lines[0] ?? '')) / 2;
      above.splice(level, Infinity, line.trim());
      return above.join(' > ');
    })
    .toSorted();
}
