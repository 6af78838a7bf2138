import * as v7 from 'openai';
import * as v4 from 'openai-v4';
import * as betaOfV4 from 'openai-v4/resources/beta/chat/completions';
import * as v5 from 'openai-v5';
import * as v6 from 'openai-v6';

/** The module of a major; each is typed as the newest, whose helpers have moved since 4. */
export type Major = typeof v7;

export const majors: readonly (readonly [string, Major])[] = [
  ['openai 4', v4 as unknown as Major],
  ['openai 5', v5 as unknown as Major],
  ['openai 6', v6 as unknown as Major],
  ['openai 7', v7],
];

/** What an adapter has to be handed of a major, to be attached by hand as it is by itself. */
export function modulesOf(api: Major): readonly object[] {
  return api === majors[0]?.[1] ? [api, betaOfV4] : [api];
}

/** `parse()`, `stream()` and `runTools()` of chat, which were beta in 4. */
export function chatHelpers(client: v7.OpenAI): v7.OpenAI['chat']['completions'] {
  const { beta } = client as unknown as { beta: { chat?: v7.OpenAI['chat'] } };
  return beta.chat?.completions ?? client.chat.completions;
}
