/** One episode of an invented podcast. These texts are ours and in the public domain (CC0 1.0). */
export interface Episode {
  readonly id: string;
  readonly title: string;
  readonly speakers: readonly string[];
  readonly topics: readonly string[];
  /** Earlier episodes that this one takes up again. */
  readonly continues: readonly string[];
  readonly note: string;
}

export const episodes: readonly Episode[] = [
  {
    id: 'ep-01',
    title: 'Cutting long talks into passages',
    speakers: ['Mara Lindqvist'],
    topics: ['retrieval', 'chunking'],
    continues: [],
    note: 'Passages cut at a change of speaker are found more often than passages of a fixed length. Mara keeps one sentence of overlap, so that a pronoun still has its noun.',
  },
  {
    id: 'ep-02',
    title: 'What a vector index forgets',
    speakers: ['Tomas Okafor'],
    topics: ['retrieval', 'embeddings'],
    continues: ['ep-01'],
    note: 'A vector index finds what sounds alike and forgets who said it. Tomas shows two episodes about batteries that no embedding can tell apart, though one contradicts the other.',
  },
  {
    id: 'ep-03',
    title: 'Graphs beside vectors',
    speakers: ['Ines Carvalho', 'Tomas Okafor'],
    topics: ['retrieval', 'knowledge graphs'],
    continues: ['ep-02'],
    note: 'Graph retrieval starts from the nearest passages and follows their edges to speakers, topics and earlier episodes. Ines finds that one hop answers most questions and three hops answer none.',
  },
  {
    id: 'ep-04',
    title: 'When reranking pays off',
    speakers: ['Mara Lindqvist', 'Jun Watanabe'],
    topics: ['retrieval', 'evaluation'],
    continues: ['ep-01', 'ep-03'],
    note: 'Reranking pays off when the first search brings fifty candidates and the answer needs three. With ten candidates Jun measures no gain, only a slower answer.',
  },
  {
    id: 'ep-05',
    title: 'The same question twice',
    speakers: ['Jun Watanabe'],
    topics: ['caching', 'cost'],
    continues: ['ep-04'],
    note: 'A third of all questions were asked before in other words. Jun caches what was found rather than what was answered, so that a better prompt does not wait for the cache to expire.',
  },
  {
    id: 'ep-06',
    title: 'A budget for tokens',
    speakers: ['Amara Diallo'],
    topics: ['cost', 'models'],
    continues: ['ep-05'],
    note: 'The bill follows the tokens that go in, not those that come out. Amara halves it by sending three passages instead of ten, and sees no worse answers.',
  },
  {
    id: 'ep-07',
    title: 'Too many requests',
    speakers: ['Amara Diallo', 'Luca Ferri'],
    topics: ['reliability', 'models'],
    continues: ['ep-06'],
    note: 'A rate limit is not an error to hide but a queue to see. Luca obeys the wait that the provider names, adds a random part to it, and counts each attempt.',
  },
  {
    id: 'ep-08',
    title: 'One trace through a queue',
    speakers: ['Sofie Brandt'],
    topics: ['tracing', 'reliability'],
    continues: ['ep-07'],
    note: 'A trace breaks wherever a message crosses a queue without its context. Sofie keeps the trace together by sending the context with each message and linking the batches that are worked off later.',
  },
  {
    id: 'ep-09',
    title: 'Answers that arrive word by word',
    speakers: ['Sofie Brandt', 'Jun Watanabe'],
    topics: ['streaming', 'tracing'],
    continues: ['ep-08'],
    note: 'A streamed answer feels fast when its first word is early, however late the last one is. Back-pressure lets a slow reader slow the model down, instead of filling the memory in between.',
  },
  {
    id: 'ep-10',
    title: 'Tools that fail politely',
    speakers: ['Luca Ferri'],
    topics: ['agents', 'reliability'],
    continues: ['ep-07'],
    note: 'An agent recovers from a failing tool when the error says what to do next. Luca gives the model the message of the error and one more try, and never a stack trace.',
  },
  {
    id: 'ep-11',
    title: 'Small agents, short leashes',
    speakers: ['Ines Carvalho'],
    topics: ['agents', 'cost'],
    continues: ['ep-10', 'ep-06'],
    note: 'Most agents need two tools and at most four turns. Ines ends a run that goes in circles and answers with what is known so far.',
  },
  {
    id: 'ep-12',
    title: 'Measuring an answer',
    speakers: ['Amara Diallo', 'Ines Carvalho'],
    topics: ['evaluation', 'models'],
    continues: ['ep-04', 'ep-11'],
    note: 'A hundred questions with known sources tell more than a thousand opinions. Amara measures whether the right episode was among those found before she looks at any answer.',
  },
];
