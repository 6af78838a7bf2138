import { promptText, type Ask } from './ask.js';
import type { ResolvedChoice } from './resolve.js';
import type { Script, TokenUsage } from './script.js';

/** Words and signs: not OpenAI's tokenizer, but the same text always costs the same. */
export function countTokens(text: string): number {
  return text.match(/[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu)?.length ?? 0;
}

export function usageOf(ask: Ask, script: Script, choices: readonly ResolvedChoice[]): TokenUsage {
  const { input, output, cached = 0, reasoning = 0 } = script.usage ?? {};
  const said = choices.map(({ text, refusal, toolCalls }) =>
    [text, refusal, ...toolCalls.map((call) => `${call.name} ${call.arguments}`)].join(' '),
  );
  return {
    input: input ?? Math.max(countTokens(promptText(ask.body)), cached),
    output: output ?? countTokens(said.join(' ')) + reasoning,
    cached,
    reasoning,
  };
}
