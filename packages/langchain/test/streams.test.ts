import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { collect, scripted, turn, within, work } from './application.js';
import { LINES, load } from './library.js';
import type { Library } from './library.js';
import { traced } from './traced.js';

for (const line of LINES) {
  describe(`streams of @langchain/core ${line}`, async () => {
    const lib = await load(line, 'esm');
    const test = traced(line);

    const streams: Record<string, (options?: object) => Promise<AsyncIterable<unknown>>> = {
      'a model': (options) => scripted(lib, { streams: true }).stream('x', options),
      'a sequence': (options) =>
        lib.prompts.ChatPromptTemplate.fromTemplate('{q}')
          .pipe(scripted(lib, { streams: true }))
          .pipe(new lib.parsers.StringOutputParser())
          .stream({ q: 'x' }, { runName: 'answer', ...options }),
      'a function': (options) => letters(lib).stream('abc', { runName: 'letters', ...options }),
      'a graph': (options) => counting(lib).stream({ n: 0 }, { runName: 'count', ...options }),
    };

    for (const [name, open] of Object.entries(streams)) {
      it(`${name}, left early: every span ends, as cancelled and no error`, async () => {
        await test.trace();
        await within('request', async () => {
          for await (const chunk of await open()) {
            void chunk;
            break;
          }
        });
        await settled();
        expect(test.recorder.open()).toBe(0);
        const ours = test.recorder.spans().filter((span) => span.scope === '@throughline/langchain');
        expect(ours.map((span) => span.status)).not.toContain('ERROR');
        // Older lines of LangGraph let a graph run to its end then.
        const goesOn = name === 'a graph' && line !== '1.4.0';
        expect(ours.some((span) => span.attributes['throughline.cancelled'] === true)).toBe(!goesOn);
        expect(new Set(test.recorder.spans().map((span) => span.traceId)).size).toBe(1);
      });

      it(`${name}, aborted: the loop fails as without us and every span ends`, async () => {
        const abort = async (): Promise<unknown> => {
          const controller = new AbortController();
          try {
            for await (const chunk of await open({ signal: controller.signal })) {
              void chunk;
              controller.abort();
            }
            return 'no error';
          } catch (error) {
            return (error as Error).name;
          }
        };
        const plain = await abort();
        await test.trace();
        expect(await abort()).toBe(plain);
        await settled();
        expect(test.recorder.open()).toBe(0);
        const ours = test.recorder.spans().filter((span) => span.scope === '@throughline/langchain');
        expect(ours.length).toBeGreaterThan(0);
        expect(ours.map((span) => span.status)).not.toContain('ERROR');
      });
    }

    it('a stream that nobody reads any more and nobody leaves ends when it is collected', async () => {
      await test.trace();
      const drop = async (): Promise<void> => {
        const stream = await scripted(lib, { streams: true }).stream('x');
        await stream[Symbol.asyncIterator]().next();
      };
      await drop();
      await test.recorder.ended(2);
      while (test.recorder.open() > 0) await collectGarbage();
      expect(test.recorder.spans().at(-1)?.attributes['throughline.cancelled']).toBe(true);
    });

    it('events, left early, end every span', async () => {
      await test.trace();
      const chain = lib.prompts.ChatPromptTemplate.fromTemplate('{q}').pipe(scripted(lib, { streams: true }));
      for await (const event of chain.streamEvents({ q: 'x' }, { version: 'v2', runName: 'events' })) {
        if (event.event === 'on_chat_model_stream') break;
      }
      await settled();
      expect(test.recorder.open()).toBe(0);
      expect(test.recorder.span('invoke_workflow events').status).toBe('UNSET');
    });

    it('a span opened in the loop belongs to the program', async () => {
      await test.trace();
      await within('request', async () => {
        for await (const chunk of await scripted(lib, { streams: true }).stream('x')) {
          void chunk;
          await work('in loop');
        }
      });
      const request = test.recorder.span('request');
      const loops = test.recorder.spans().filter((span) => span.name === 'in loop');
      expect(loops.map((span) => span.parentId)).toEqual(loops.map(() => request.spanId));
    });

    it('a stream that fails is an error, with the error of the program', async () => {
      const failure = new RangeError('SECRET');
      const model = scripted(lib, { streams: true, answers: [failure] });
      await test.trace();
      await expect(collectAll(model)).rejects.toBe(failure);
      const span = test.recorder.span('chat scripted');
      expect(span).toMatchObject({ status: 'ERROR', attributes: { 'error.type': 'RangeError' } });
      expect(JSON.stringify(span)).not.toContain('SECRET');
    });

    it('chunks are the same objects in the same order, and the first one is timed', async () => {
      const model = scripted(lib, { streams: true });
      await test.trace();
      const chunks = await collect(await model.stream('x'));
      expect(chunks.map((one) => one.content)).toEqual(['a', 'b', 'c']);
      const { attributes } = test.recorder.span('chat scripted');
      expect(attributes).toMatchObject({
        'gen_ai.request.stream': true,
        'gen_ai.usage.input_tokens': 7,
        'gen_ai.usage.output_tokens': 3,
      });
      expect(attributes['gen_ai.response.time_to_first_chunk']).toBeGreaterThan(0);
    });
  });
}

async function collectAll(model: { stream(input: string): Promise<AsyncIterable<unknown>> }): Promise<unknown[]> {
  return collect(await model.stream('x'));
}

function letters({ runnables }: Library) {
  return runnables.RunnableLambda.from(async function* (text: string) {
    for (const letter of text) {
      await work('letter');
      yield letter;
    }
  } as never);
}

function counting({ langgraph }: Library) {
  const { Annotation, END, START, StateGraph } = langgraph;
  const State = Annotation.Root({ n: Annotation<number> });
  return new StateGraph(State)
    .addNode('one', async () => ({ n: (await work('one')).length }))
    .addNode('two', async () => ({ n: (await work('two')).length }))
    .addEdge(START, 'one')
    .addEdge('one', 'two')
    .addEdge('two', END)
    .compile();
}

/** What is under way in the background comes to its end in a few turns. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 20; turns += 1) await turn();
}

async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  await turn();
}
