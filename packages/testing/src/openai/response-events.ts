import { words } from './resolve.js';
import type { ResponseObject } from './responses.js';
import { piecesOf, type ContentPart, type OutputItem } from './response-items.js';

export interface ResponseEvent extends Readonly<Record<string, unknown>> {
  readonly type: string;
  readonly sequence_number: number;
}

type Event = { readonly type: string } & Readonly<Record<string, unknown>>;

/** What a stream says between a response begun and the same response finished. */
export function eventsOf(
  begun: ResponseObject,
  response: ResponseObject,
  inBackground: boolean,
): readonly ResponseEvent[] {
  const queued = { type: 'response.queued', response: { ...begun, status: 'queued' } };
  const events: readonly Event[] = [
    { type: 'response.created', response: inBackground ? queued.response : begun },
    ...(inBackground ? [queued] : []),
    { type: 'response.in_progress', response: begun },
    ...response.output.flatMap(itemEvents),
    { type: `response.${response.status}`, response },
  ];
  return events.map((event, index) => ({ ...event, sequence_number: index }));
}

function itemEvents(item: OutputItem, output_index: number): readonly Event[] {
  const place = { output_index, item_id: item.id };
  return [
    { type: 'response.output_item.added', output_index, item: beginning(item) },
    ...middle(),
    { type: 'response.output_item.done', output_index, item },
  ];

  function middle(): readonly Event[] {
    switch (item.type) {
      case 'message':
        return item.content.flatMap((part, content_index) => partEvents(part, { ...place, content_index }));
      case 'reasoning':
        return item.summary.flatMap((part, summary_index) => summaryEvents(part, { ...place, summary_index }));
      default:
        return argumentEvents(item.arguments, item.name, place);
    }
  }
}

function beginning(item: OutputItem): OutputItem {
  switch (item.type) {
    case 'message':
      return { ...item, status: 'in_progress', content: [] };
    case 'reasoning':
      return { ...item, summary: [] };
    default:
      return { ...item, status: 'in_progress', arguments: '' };
  }
}

function partEvents(part: ContentPart, place: object): readonly Event[] {
  const isText = part.type === 'output_text';
  const name = isText ? 'response.output_text' : 'response.refusal';
  const logprobs = isText ? { logprobs: [] } : {};
  return [
    { type: 'response.content_part.added', ...place, part: isText ? { ...part, text: '' } : { ...part, refusal: '' } },
    ...piecesOf(part).map((delta) => ({ type: `${name}.delta`, ...place, delta, ...logprobs })),
    { type: `${name}.done`, ...place, ...(isText ? { text: part.text, ...logprobs } : { refusal: part.refusal }) },
    { type: 'response.content_part.done', ...place, part },
  ];
}

function summaryEvents(part: { readonly text: string }, place: object): readonly Event[] {
  const name = 'response.reasoning_summary';
  return [
    { type: `${name}_part.added`, ...place, part: { ...part, text: '' } },
    ...words(part.text).map((delta) => ({ type: `${name}_text.delta`, ...place, delta })),
    { type: `${name}_text.done`, ...place, text: part.text },
    { type: `${name}_part.done`, ...place, part },
  ];
}

function argumentEvents(text: string, name: string, place: object): readonly Event[] {
  const half = Math.ceil(text.length / 2);
  return [
    ...[text.slice(0, half), text.slice(half)].map((delta) => ({
      type: 'response.function_call_arguments.delta',
      ...place,
      delta,
    })),
    { type: 'response.function_call_arguments.done', ...place, name, arguments: text },
  ];
}
