import type { Ask } from './ask.js';
import { chat } from './chat.js';
import { completions } from './completions.js';
import { embeddings } from './embeddings.js';
import { apiError } from './errors.js';
import { files, models } from './lists.js';
import { json, withFault, type Reply } from './reply.js';
import { cancelResponse, createResponse, deleteResponse, retrieveResponse, type StoredResponse } from './responses.js';
import type { Endpoint, Script } from './script.js';
import { transcriptions } from './transcriptions.js';

/** The end of a path is enough: Azure, Groq and others put the same API under other folders. */
const routes: readonly (readonly [Endpoint, string, RegExp])[] = [
  ['chat', 'POST', /\/chat\/completions$/],
  ['completions', 'POST', /\/completions$/],
  ['responses', 'POST', /\/responses$/],
  ['responses.cancel', 'POST', /\/responses\/[^/]+\/cancel$/],
  ['responses.retrieve', 'GET', /\/responses\/[^/]+$/],
  ['responses.delete', 'DELETE', /\/responses\/[^/]+$/],
  ['embeddings', 'POST', /\/embeddings$/],
  ['transcriptions', 'POST', /\/audio\/transcriptions$/],
  ['models', 'GET', /\/models$/],
  ['files', 'GET', /\/files$/],
];

export function endpointOf(method: string, path: string): Endpoint | undefined {
  return routes.find(([, verb, pattern]) => verb === method && pattern.test(path))?.[0];
}

export function generatesText(endpoint: Endpoint): boolean {
  return endpoint === 'chat' || endpoint === 'completions' || endpoint === 'responses';
}

export function replyTo(ask: Ask, script: Script, id: string, store: Map<string, StoredResponse>): Reply {
  const reply = succeed(ask, script, id, store);
  const headers = script.headers ? { headers: script.headers } : {};
  const pace = script.msPerChunk === undefined ? {} : { msPerChunk: script.msPerChunk };
  return { ...reply, ...headers, ...pace };
}

export function notFound(): Reply {
  return json({ error: { ...apiError(404), message: 'Unknown request URL.', code: 'unknown_url' } }, undefined, 404);
}

function succeed(ask: Ask, script: Script, id: string, store: Map<string, StoredResponse>): Reply {
  if (script.status !== undefined && script.status >= 400) {
    const error = script.error ?? apiError(script.status);
    return json(script.body ?? { error }, undefined, script.status);
  }
  return answers[ask.endpoint](ask, script, id, store);
}

type Answer = (ask: Ask, script: Script, id: string, store: Map<string, StoredResponse>) => Reply;

const answers: Readonly<Record<Endpoint, Answer>> = {
  chat,
  completions,
  responses: createResponse,
  'responses.retrieve': (ask, script, _, store) => retrieveResponse(ask, script, store),
  'responses.cancel': (ask, _script, _id, store) => cancelResponse(ask, store),
  'responses.delete': (ask, _script, _id, store) => deleteResponse(ask, store),
  embeddings: (ask, script) => withFault(embeddings(ask, script), script.fault, ''),
  transcriptions: (ask, script) => withFault(transcriptions(ask, script), script.fault, ''),
  models: (ask, script) => withFault(models(ask), script.fault, ''),
  files: (ask, script) => withFault(files(ask), script.fault, ''),
};
