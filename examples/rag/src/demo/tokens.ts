import type { TracedSpan } from './observed-service.ts';

export interface Tokens {
  readonly input: number;
  readonly output: number;
}

/** All tokens of a trace's model calls; the span of an agent may repeat what those below it have used. */
export function tokensIn(spans: readonly TracedSpan[]): Tokens {
  const calls = spans.filter(({ attributes }) => modelCalls.has(attributes['gen_ai.operation.name']));
  return sumOf(
    calls.map(({ attributes }) => ({
      input: Number(attributes['gen_ai.usage.input_tokens'] ?? 0),
      output: Number(attributes['gen_ai.usage.output_tokens'] ?? 0),
    })),
  );
}

const modelCalls = new Set<unknown>(['chat', 'embeddings']);

export function sumOf(all: readonly Tokens[]): Tokens {
  return {
    input: all.reduce((sum, { input }) => sum + input, 0),
    output: all.reduce((sum, { output }) => sum + output, 0),
  };
}

export function difference(later: Tokens, earlier: Tokens): Tokens {
  return { input: later.input - earlier.input, output: later.output - earlier.output };
}

export function same(one: Tokens, other: Tokens): boolean {
  return one.input === other.input && one.output === other.output;
}
