import type * as Messages from '@langchain/core/messages';
import type * as Runnables from '@langchain/core/runnables';
import type * as Prompts from '@langchain/core/prompts';
import type * as Parsers from '@langchain/core/output_parsers';
import type * as Tools from '@langchain/core/tools';
import type * as Retrievers from '@langchain/core/retrievers';
import type * as Documents from '@langchain/core/documents';
import type * as ChatModels from '@langchain/core/language_models/chat_models';
import type * as Llms from '@langchain/core/language_models/llms';
import type * as Outputs from '@langchain/core/outputs';
import type * as Caches from '@langchain/core/caches';
import type * as Managers from '@langchain/core/callbacks/manager';
import type * as Dispatch from '@langchain/core/callbacks/dispatch';
import type * as Fakes from '@langchain/core/utils/testing';
import type * as Langgraph from '@langchain/langgraph';
import type * as Prebuilt from '@langchain/langgraph/prebuilt';
import type * as Openai from '@langchain/openai';
import type * as Zod from 'zod';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** What the scenarios use of a release line. The newest line's types stand for all. */
export interface Library {
  readonly line: string;
  readonly messages: typeof Messages;
  readonly runnables: typeof Runnables;
  readonly prompts: typeof Prompts;
  readonly parsers: typeof Parsers;
  readonly tools: typeof Tools;
  readonly retrievers: typeof Retrievers;
  readonly documents: typeof Documents;
  readonly chatModels: typeof ChatModels;
  readonly llms: typeof Llms;
  readonly outputs: typeof Outputs;
  readonly caches: typeof Caches;
  readonly managers: typeof Managers;
  readonly dispatch: typeof Dispatch;
  readonly fakes: typeof Fakes;
  readonly langgraph: typeof Langgraph;
  readonly prebuilt: typeof Prebuilt;
  readonly openai: typeof Openai;
  readonly zod: typeof Zod;
}

/** Release lines of @langchain/core; the newest is this package's own dependency. */
export const LINES = ['1.4.0', '1.2.13', '1.0.1', '0.3.80'] as const;
export type Line = (typeof LINES)[number];

export async function load(line: Line, format: 'esm' | 'cjs'): Promise<Library> {
  const from = line === '1.4.0' ? '../package.json' : `./lines/${line}/package.json`;
  const require = createRequire(new URL(from, import.meta.url));
  // The packages lie beside each other in both formats.
  const get = async <T>(name: string): Promise<T> => {
    if (format === 'cjs') return require(name) as T;
    const file = require.resolve(name);
    const url = pathToFileURL(file.replace(/\.cjs$/, '.js'));
    return (await import(/* @vite-ignore */ url.href)) as T;
  };
  const core = '@langchain/core';
  return {
    line,
    messages: await get(`${core}/messages`),
    runnables: await get(`${core}/runnables`),
    prompts: await get(`${core}/prompts`),
    parsers: await get(`${core}/output_parsers`),
    tools: await get(`${core}/tools`),
    retrievers: await get(`${core}/retrievers`),
    documents: await get(`${core}/documents`),
    chatModels: await get(`${core}/language_models/chat_models`),
    llms: await get(`${core}/language_models/llms`),
    outputs: await get(`${core}/outputs`),
    caches: await get(`${core}/caches`),
    managers: await get(`${core}/callbacks/manager`),
    dispatch: await get(`${core}/callbacks/dispatch`),
    fakes: await get(`${core}/utils/testing`),
    langgraph: await get('@langchain/langgraph'),
    prebuilt: await get('@langchain/langgraph/prebuilt'),
    openai: await get('@langchain/openai'),
    zod: await get('zod'),
  };
}
