import { createHash } from 'node:crypto';
import type { Ask } from './ask.js';
import { json, type Reply } from './reply.js';
import type { Script } from './script.js';
import { countTokens } from './tokens.js';

export function embeddings(ask: Ask, script: Script): Reply {
  const { input, model, encoding_format: encoding, dimensions } = ask.body;
  const texts = inputsOf(input);
  const length = typeof dimensions === 'number' ? dimensions : defaultLength(model);
  const count = script.usage?.input ?? texts.reduce((sum, text) => sum + countTokens(text), 0);
  const data = texts.map((text, index) => {
    const vector = embed(text, length);
    return { object: 'embedding', index, embedding: encoding === 'base64' ? base64(vector) : [...vector] };
  });
  const body = {
    object: 'list',
    data,
    model: script.model ?? model,
    usage: { prompt_tokens: count, total_tokens: count },
  };
  return json(script.body ?? body, { input: count, output: 0, cached: 0, reasoning: 0 });
}

/** A direction of its own for every word, added up: texts that share words are close to each other. */
export function embed(text: string, length: number): Float32Array {
  const vector = new Float32Array(length);
  for (const word of contentWords(text)) {
    const hash = createHash('sha256').update(word).digest();
    for (let at = 0; at + 4 <= hash.length; at += 4) {
      const place = hash.readUInt32LE(at) % length;
      vector[place] = (vector[place] ?? 0) + ((hash[at + 3] ?? 0) % 2 === 0 ? 1 : -1);
    }
  }
  const size = Math.hypot(...vector) || 1;
  return vector.map((value) => value / size);
}

/** Words that every text has would make all texts alike; `cats` and `cat` are one word. */
function contentWords(text: string): readonly string[] {
  const all = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const telling = all
    .filter((word) => !common.has(word))
    .map((word) => (word.length > 3 ? word.replace(/(?:es|s)$/, '') : word));
  return telling.length > 0 ? telling : [text];
}

const common = new Set(
  'a about an and are as at be by can do does for from has have how i if in into is it its me my not of on or our so that the their there these this to was we what when where which who why will with you your'.split(
    ' ',
  ),
);

/** A text, texts, the tokens of a text, or the tokens of texts. */
function inputsOf(input: unknown): readonly string[] {
  if (!Array.isArray(input)) return [typeof input === 'string' ? input : ''];
  if (input.every((part) => typeof part === 'number')) return [input.join(' ')];
  return input.map((part) => (Array.isArray(part) ? part.join(' ') : String(part)));
}

function defaultLength(model: unknown): number {
  return model === 'text-embedding-3-large' ? 3072 : 1536;
}

function base64(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString('base64');
}
