import { adapter, choice } from '@throughline/core';
import type { Adapter, Telemetry } from '@throughline/core';
import manifest from '../package.json' with { type: 'json' };
import type { SpanChoice } from './describe-chain.js';
import type { Tracing } from './tracing.js';
import { asyncCaller } from './hooks/async-caller.js';
import { asyncLocalStorage, callbackManagers } from './hooks/callback-managers.js';
import { models } from './hooks/models.js';
import { retrievers } from './hooks/retrievers.js';
import { runnables } from './hooks/runnables.js';
import { tools } from './hooks/tools.js';
import { modelOperations } from './model-operation.js';
import type { ModelSpans } from './model-operation.js';

/** Options of `langchain()`. */
export interface LangChainOptions {
  /**
   * Which runs have a span. What runs inside one that has none belongs to the nearest that has.
   *
   * - `essential`: agents, graphs, named root sequences, models, tools, retrievers.
   * - `named`: these, the nodes of graphs, and chains that the program named (`runName`).
   * - `all`: every run but those that LangChain marks as hidden: prompts, parsers, functions, sequences too.
   *
   * Default: `named`.
   */
  spans?: SpanChoice;
  /**
   * What the span of a model call says.
   *
   * - `auto`: when an adapter records the provider's client library, that one owns tokens, metrics and content, and the
   *   model's span, named by its class (`ChatOpenAI`), shows where the call stands. Otherwise it is a `chat` span itself.
   * - `always`: a `chat` span always; adapters record no generation inside.
   * - `structure`: never more than where the call stands, for client libraries that others instrument.
   * - `none`: no span.
   *
   * Default: `auto`.
   */
  modelSpans?: ModelSpans;
}

/** Releases of @langchain/core. LangGraph and langchain are traced through it. */
const VERSIONS = '>=0.3 <2';

/** Traces LangChain and LangGraph: models, tools, retrievers, chains, agents and graphs with their nodes. */
export const langchain: Adapter<LangChainOptions> = adapter<LangChainOptions, Required<LangChainOptions>>({
  name: 'langchain',
  packageName: manifest.name,
  version: manifest.version,
  options: {
    spans: choice(['all', 'named', 'essential'], 'named'),
    modelSpans: choice(['auto', 'always', 'structure', 'none'], 'auto'),
  },
  targets({ spans, modelSpans, conventions }) {
    const operations = modelOperations(modelSpans, conventions);
    const tracingFor = (telemetry: Telemetry): Tracing => ({ telemetry, spans, modelOperations: operations });
    return [
      callbackManagers(VERSIONS, tracingFor),
      asyncLocalStorage(VERSIONS),
      runnables(VERSIONS),
      ...models(VERSIONS, tracingFor),
      tools(VERSIONS),
      retrievers(VERSIONS),
      asyncCaller(VERSIONS),
    ];
  },
});
