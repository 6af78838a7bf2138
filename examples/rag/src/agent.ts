import { ChatOpenAI } from '@langchain/openai';
import { createAgent, tool } from 'langchain';
import { z } from 'zod';
import type { Search } from './search.ts';

export interface Answerer {
  answer(question: string): Promise<string>;
  /** The answer's words as the model writes them. */
  stream(question: string): AsyncIterable<string>;
}

const asked = (question: string) => ({ messages: [{ role: 'user' as const, content: question }] });

/** An agent that looks into the episodes and, for words it does not know, into the glossary service. */
export function startAgent(search: Search, glossaryUrl: string): Answerer {
  const searchEpisodes = tool(async ({ query }) => JSON.stringify(await search.find(query)), {
    name: 'search_episodes',
    description: 'Finds the podcast episodes that fit a question.',
    schema: z.object({ query: z.string().describe('the question, in full') }),
  });

  const explainTerm = tool(
    async ({ term }) => {
      const response = await fetch(new URL(`/terms/${encodeURIComponent(term)}`, glossaryUrl));
      if (!response.ok) throw new Error(`The glossary answered ${response.status}; it is worth another try.`);
      return response.text();
    },
    {
      name: 'explain_term',
      description: 'Explains a technical term, when a question asks what it means.',
      schema: z.object({ term: z.string() }),
    },
  );

  const agent = createAgent({
    name: 'researcher',
    model: new ChatOpenAI({
      model: 'gpt-4o-mini',
      // LangChain's own retry would be a second call; the client's is a second attempt of the same one.
      maxRetries: 0,
      configuration: { maxRetries: 2 },
    }),
    tools: [searchEpisodes, explainTerm],
    systemPrompt: 'Answer in two sentences, only from what the tools return, and name the episodes.',
  });

  return {
    async answer(question) {
      const { messages } = await agent.invoke(asked(question));
      return messages.at(-1)?.text ?? '';
    },
    async *stream(question) {
      for await (const [message] of await agent.stream(asked(question), { streamMode: 'messages' })) {
        if (message.type === 'ai' && message.text !== '') yield message.text;
      }
    },
  };
}
