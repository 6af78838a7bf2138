import type { Ask } from './ask.js';
import { json, type Reply } from './reply.js';

const created = 1_750_000_000;

export function models(ask: Ask): Reply {
  const names = ['gpt-4o', 'gpt-4o-mini', 'o4-mini', 'text-embedding-3-large', 'text-embedding-3-small', 'whisper-1'];
  return pageOf(
    names.map((id) => ({ id, object: 'model', created, owned_by: 'openai' })),
    ask,
  );
}

export function files(ask: Ask): Reply {
  const numbers = [1, 2, 3, 4, 5];
  return pageOf(
    numbers.map((n) => ({
      id: `file-${n}`,
      object: 'file',
      bytes: n,
      created_at: created,
      filename: `${n}.jsonl`,
      purpose: 'batch',
    })),
    ask,
  );
}

/** The client asks for the next page with `after=<id of the last>`. */
function pageOf(items: readonly { readonly id: string }[], ask: Ask): Reply {
  const limit = Number(ask.query.get('limit') ?? items.length);
  const start = items.findIndex(({ id }) => id === ask.query.get('after')) + 1;
  const data = items.slice(start, start + limit);
  return json({
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: start + limit < items.length,
  });
}
