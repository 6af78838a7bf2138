import type { Ask } from './ask.js';
import { apiError } from './errors.js';
import { eventStream, json, sse, withFault, type Reply } from './reply.js';
import { answeringModel, resolveChoices } from './resolve.js';
import { itemsOf, type OutputItem } from './response-items.js';
import { eventsOf, type ResponseEvent } from './response-events.js';
import type { Script, TokenUsage } from './script.js';
import { usageOf } from './tokens.js';

/** A response that was kept, for `retrieve` and `cancel`. */
export interface StoredResponse {
  response: ResponseObject;
  readonly events: readonly ResponseEvent[];
}

export interface ResponseObject extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly status: 'completed' | 'incomplete' | 'failed' | 'queued' | 'cancelled' | 'in_progress';
  readonly output: readonly OutputItem[];
}

export function createResponse(ask: Ask, script: Script, id: string, store: Map<string, StoredResponse>): Reply {
  const [choice] = resolveChoices(ask, script, id);
  const usage = usageOf(ask, script, choice ? [choice] : []);
  const inBackground = ask.body['background'] === true;
  const begun = { ...skeleton(ask, script, `resp_${id}`), status: 'in_progress', output: [] } satisfies ResponseObject;
  const response = finished();
  const events = eventsOf(begun, response, inBackground);
  if (ask.body['store'] !== false) store.set(response.id, { response, events });

  if (ask.body['stream'] === true) return streamed(script.events ?? events, usage, script);
  const body = inBackground ? { ...begun, status: 'queued' } : response;
  return withFault(json(script.body ?? body, usage), script.fault, '');

  function finished(): ResponseObject {
    if (script.failure) return { ...begun, status: 'failed', error: script.failure, usage: wireUsage(usage) };
    const { finish } = choice ?? {};
    const reason = finish === 'length' ? 'max_output_tokens' : finish === 'content_filter' ? finish : undefined;
    return {
      ...begun,
      status: reason === undefined ? 'completed' : 'incomplete',
      incomplete_details: reason === undefined ? null : { reason },
      output: choice ? itemsOf(choice, id, reason === undefined ? 'completed' : 'incomplete') : [],
      usage: wireUsage(usage),
    };
  }
}

/** `?stream=true` plays the events again, from after `starting_after` on. */
export function retrieveResponse(ask: Ask, script: Script, store: Map<string, StoredResponse>): Reply {
  const stored = find(ask, store);
  if (stored === undefined) return missing();
  if (ask.query.get('stream') !== 'true') return withFault(json(script.body ?? stored.response), script.fault, '');
  const from = Number(ask.query.get('starting_after') ?? -1);
  const events = stored.events.filter((event) => event.sequence_number > from);
  return { ...streamed(script.events ?? events, undefined, script), usage: undefined };
}

export function cancelResponse(ask: Ask, store: Map<string, StoredResponse>): Reply {
  const stored = find(ask, store);
  if (stored === undefined) return missing();
  stored.response = { ...stored.response, status: 'cancelled', output: [], usage: null };
  return json(stored.response);
}

export function deleteResponse(ask: Ask, store: Map<string, StoredResponse>): Reply {
  const stored = find(ask, store);
  if (stored === undefined) return missing();
  store.delete(stored.response.id);
  return json({ id: stored.response.id, object: 'response', deleted: true });
}

function find(ask: Ask, store: Map<string, StoredResponse>): StoredResponse | undefined {
  return store.get(/\/responses\/([^/]+)/.exec(ask.path)?.[1] ?? '');
}

function missing(): Reply {
  return json({ error: { ...apiError(404), message: 'Response not found.', code: null } }, undefined, 404);
}

function streamed(events: readonly unknown[], usage: TokenUsage | undefined, script: Script): Reply {
  const chunks = events.map((event) => sse(event, typeOf(event)));
  const { message, code, param } = apiError(500);
  const error = { type: 'error', code: code ?? 'server_error', message, param, sequence_number: events.length };
  return withFault(eventStream(chunks, usage), script.fault, sse(error, 'error'));
}

function typeOf(event: unknown): string | undefined {
  const type = typeof event === 'object' && event !== null && 'type' in event ? event.type : undefined;
  return typeof type === 'string' ? type : undefined;
}

function skeleton(ask: Ask, script: Script, id: string): { readonly id: string } {
  const { instructions = null, max_output_tokens = null, metadata = {}, tools = [], tool_choice = 'auto' } = ask.body;
  const { temperature = 1, top_p = 1, previous_response_id = null, reasoning, text, store = true } = ask.body;
  const kept = {
    instructions,
    max_output_tokens,
    metadata,
    tools,
    tool_choice,
    temperature,
    top_p,
    previous_response_id,
  };
  return {
    id,
    object: 'response',
    created_at: 1_750_000_000,
    background: ask.body['background'] === true,
    error: null,
    incomplete_details: null,
    model: answeringModel(ask, script),
    ...kept,
    parallel_tool_calls: true,
    reasoning: reasoning ?? { effort: null, summary: null },
    service_tier: 'default',
    store,
    text: text ?? { format: { type: 'text' } },
    truncation: 'disabled',
    usage: null,
    user: null,
  } as { readonly id: string };
}

function wireUsage({ input, output, cached, reasoning }: TokenUsage): object {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  };
}
