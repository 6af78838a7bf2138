import { adapter, method, module, whenParsed } from '@throughline/core';
import type { Adapter, CommonSettings, Target } from '@throughline/core';
import type { OpenAI } from 'openai';
import manifest from '../package.json' with { type: 'json' };
import { chatOperation } from './chat.js';
import { embeddingsOperation } from './embeddings.js';
import { providers } from './endpoint.js';
import { failureOf } from './failure.js';
import { createResponseOperation, retrieveResponseOperation } from './responses.js';
import { tracedTools } from './run-tools.js';
import { textCompletionOperation } from './text-completion.js';

/** Version 4 has its classes in the entry; from 5 on the entry, Azure's and Bedrock's client all import `client`. */
const FILES = ['client.mjs', 'client.js', 'index.mjs', 'index.js'];

/** Where 4 has `runTools()`; no class that is exported leads there. */
const BETA_FILES = ['resources/beta/chat/completions.mjs', 'resources/beta/chat/completions.js'];

const VERSIONS = '>=4 <8';

/**
 * Traces openai 4 to 7: chat, responses, embeddings and the old completions; plain, streamed and parsed. `parse()`,
 * `stream()` and `runTools()` end in the same methods, and so do the clients of Azure and Bedrock.
 */
export const openai: Adapter = adapter({
  name: 'openai',
  packageName: manifest.name,
  version: manifest.version,
  options: {},
  providers,
  targets: (settings) => [
    module('openai', VERSIONS, FILES, (exports) => targetsOf(clientIn(exports), settings)),
    module('openai', VERSIONS, BETA_FILES, ({ Completions }: Partial<typeof OpenAI.Chat>) => [
      typeof Completions?.prototype?.runTools === 'function' && tracedTools(Completions.prototype, 'runTools'),
    ]),
  ],
});

function targetsOf(
  client: typeof OpenAI | undefined,
  settings: CommonSettings,
): readonly (Target | false | undefined)[] {
  if (client === undefined) return [];
  const failure = failureOf(client);
  const { Chat, Responses, Beta, Embeddings, Completions } = client;
  const createResponse = createResponseOperation(settings, failure);
  const retrieveResponse = retrieveResponseOperation(settings, failure);
  // Responses came with 4.87, and their beta, which is called the same, with 6.
  const responses = [Responses, Beta?.Responses as unknown as typeof Responses | undefined];
  return [
    method(Chat.Completions.prototype, 'create', chatOperation(settings, failure), whenParsed),
    ...responses.flatMap((one) => [
      one && method(one.prototype, 'create', createResponse, whenParsed),
      one && method(one.prototype, 'retrieve', retrieveResponse, whenParsed),
    ]),
    tracedTools(Chat.Completions.prototype, 'runTools'),
    Embeddings && method(Embeddings.prototype, 'create', embeddingsOperation(settings, failure), whenParsed),
    Completions && method(Completions.prototype, 'create', textCompletionOperation(settings, failure), whenParsed),
  ];
}

/** The client's class in a module's exports; version 4's CommonJS exports are the class itself, as is what a program may hand over. */
function clientIn(exports: unknown): typeof OpenAI | undefined {
  const { OpenAI: named, default: standard } = exports as { OpenAI?: unknown; default?: unknown };
  const candidates = [named, standard, exports] as (Partial<typeof OpenAI> | undefined)[];
  return candidates.find((one): one is typeof OpenAI => one?.Chat?.Completions?.prototype !== undefined);
}
