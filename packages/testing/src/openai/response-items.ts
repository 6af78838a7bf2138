import { words, type ResolvedChoice } from './resolve.js';

export type OutputItem =
  | { readonly type: 'reasoning'; readonly id: string; readonly summary: readonly { type: string; text: string }[] }
  | {
      readonly type: 'message';
      readonly id: string;
      readonly status: string;
      readonly role: 'assistant';
      readonly content: readonly ContentPart[];
    }
  | {
      readonly type: 'function_call';
      readonly id: string;
      readonly status: string;
      readonly call_id: string;
      readonly name: string;
      readonly arguments: string;
    };

export type ContentPart =
  | { readonly type: 'output_text'; readonly text: string; readonly annotations: []; readonly logprobs: [] }
  | { readonly type: 'refusal'; readonly refusal: string };

/** How each part's text is cut when it is streamed, as its script says. */
const cuts = new WeakMap<ContentPart, readonly string[]>();

export function itemsOf(choice: ResolvedChoice, id: string, status: string): readonly OutputItem[] {
  const { text, pieces, refusal, reasoning, toolCalls } = choice;
  const content: ContentPart[] = [];
  if (text !== undefined) {
    const part: ContentPart = { type: 'output_text', text, annotations: [], logprobs: [] };
    cuts.set(part, pieces);
    content.push(part);
  }
  if (refusal !== undefined) content.push({ type: 'refusal', refusal });
  const thought = {
    type: 'reasoning',
    id: `rs_${id}`,
    summary: [{ type: 'summary_text', text: reasoning ?? '' }],
  } as const;
  return [
    ...(reasoning === undefined ? [] : [thought]),
    ...(content.length === 0
      ? []
      : [{ type: 'message', id: `msg_${id}`, status, role: 'assistant', content } as const]),
    ...toolCalls.map((call, index) => {
      const about = { type: 'function_call', id: `fc_${id}_${index}`, status: 'completed' } as const;
      return { ...about, call_id: call.id, name: call.name, arguments: call.arguments };
    }),
  ];
}

export function piecesOf(part: ContentPart): readonly string[] {
  return cuts.get(part) ?? words(part.type === 'output_text' ? part.text : part.refusal);
}
