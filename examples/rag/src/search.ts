import { createHash, randomUUID } from 'node:crypto';
import OpenAI from 'openai';
import type { Cache } from './cache.ts';
import { episodes } from './corpus.ts';
import type { Finding, Library } from './library.ts';

/** Episodes for one question. */
const count = 3;

export interface Search {
  /** Embeds the corpus and puts it on the shelf. */
  load(): Promise<void>;
  find(question: string): Promise<readonly Finding[]>;
}

/** Retrieval: a question's meaning, the nearest episodes, what the graph has around them; remembered in the cache. */
export function startSearch(library: Library, cache: Cache): Search {
  const openai = new OpenAI();
  // What an earlier corpus answered is not an answer now.
  const corpus = randomUUID();

  async function embed(texts: readonly string[]): Promise<number[][]> {
    const { data } = await openai.embeddings.create({
      model: 'text-embedding-3-small',
      input: [...texts],
      dimensions: 256,
    });
    return data.map(({ embedding }) => embedding);
  }

  return {
    async load() {
      const vectors = await embed(episodes.map(({ title, note, topics }) => `${title}. ${note} ${topics.join(', ')}`));
      await library.load(episodes, vectors);
      // A database plans the first query of its kind for long: not while somebody waits.
      await library.search(vectors[0] ?? [], count);
    },
    async find(question) {
      const key = `podcast-rag:${corpus}:${createHash('sha256').update(question).digest('base64url')}`;
      const known = await cache.get(key);
      if (known !== null) return JSON.parse(known) as Finding[];
      const [vector = []] = await embed([question]);
      const found = await library.search(vector, count);
      await cache.set(key, JSON.stringify(found));
      return found;
    },
  };
}
