import { scenario, type OpenAIServer } from '@throughline/testing/openai-server';
import type { Glossary } from './glossary.ts';

/** What the demo sends, and what it sets up before. */
export interface DemoRequest {
  readonly title: string;
  readonly question: string;
  readonly streamed?: boolean;
  /** Needs the stand-in, whose answers can be arranged. */
  readonly arrange?: (model: OpenAIServer) => void;
  readonly breakTool?: (glossary: Glossary) => void;
}

const first = 'What is reranking, and when does it pay off?';

export const requests: readonly DemoRequest[] = [
  { title: 'A cold question', question: first },
  { title: 'The same, from the cache', question: first },
  {
    title: 'The model answers 429 first',
    question: 'How does a trace stay together through a queue?',
    arrange: (model) => model.next(scenario.status(429, { retryAfterMs: 250 })),
  },
  {
    title: 'A tool fails and recovers',
    question: 'What does back-pressure do to a streamed answer?',
    breakTool: (glossary) => glossary.failOnce(),
  },
  {
    title: 'A streamed answer',
    question: 'Where can I hear about graph retrieval?',
    streamed: true,
  },
];
