import type { Collector } from '@throughline/core';
import type { ResponseErrorEvent, ResponseStreamEvent } from 'openai/resources/responses/responses';
import type { ResponseAnswer } from './responses.js';
import type { Wire } from './wire.js';

type Item = NonNullable<ResponseAnswer['output']>[number];

/**
 * Folds the events of a streamed response into the response. Its last event has all of it; of a stream that was cut or
 * left, the items that were complete and the texts that had arrived are known.
 */
export function collectResponse(): Collector<Wire<ResponseStreamEvent>, ResponseAnswer> {
  let response: ResponseAnswer = {};
  let complete = false;
  let streamError: Wire<ResponseErrorEvent> | undefined;
  const items = new Map<number, Item>();
  const texts = new Map<number, { kind: 'text' | 'refusal' | 'reasoning'; text: string }>();

  const addText = (index: number | null | undefined, kind: 'text' | 'refusal' | 'reasoning', delta: string): void => {
    const before = texts.get(index ?? 0);
    texts.set(index ?? 0, { kind, text: (before?.text ?? '') + delta });
  };

  return {
    add(event) {
      switch (event.type) {
        case 'response.completed':
        case 'response.incomplete':
        case 'response.failed':
          complete = true;
          response = event.response ?? response;
          return false;
        case 'response.created':
        case 'response.queued':
        case 'response.in_progress':
          response = event.response ?? response;
          return false;
        case 'response.output_item.done':
          if (event.item) items.set(event.output_index ?? 0, event.item);
          return false;
        case 'response.output_text.delta':
          addText(event.output_index, 'text', event.delta ?? '');
          return true;
        case 'response.refusal.delta':
          addText(event.output_index, 'refusal', event.delta ?? '');
          return true;
        case 'response.reasoning_text.delta':
        case 'response.reasoning_summary_text.delta':
          addText(event.output_index, 'reasoning', event.delta ?? '');
          return true;
        case 'error':
          streamError = event;
          return false;
        default:
          return event.type?.endsWith('.delta') === true;
      }
    },
    result() {
      if (complete) return streamError === undefined ? response : { ...response, streamError };
      for (const [index, { kind, text }] of texts) {
        if (!items.has(index)) items.set(index, partialItem(kind, text));
      }
      const output = [...items].toSorted(([a], [b]) => a - b).map(([, item]) => item);
      return { ...response, output, streamError };
    },
  };
}

function partialItem(kind: 'text' | 'refusal' | 'reasoning', text: string): Item {
  if (kind === 'reasoning') return { type: 'reasoning', summary: [{ type: 'summary_text', text }] };
  const content =
    kind === 'text' ? ({ type: 'output_text', text } as const) : ({ type: 'refusal', refusal: text } as const);
  return { type: 'message', role: 'assistant', status: 'incomplete', content: [content] };
}
