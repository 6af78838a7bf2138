import { adapter, choice } from '@throughline/core';
import type { Adapter, Telemetry } from '@throughline/core';
import manifest from '../package.json' with { type: 'json' };
import type { Tracing } from './tracing.js';

export type { LangChainOptions } from './options.js';
import { asyncCaller } from './hooks/async-caller.js';
import { asyncLocalStorage, callbackManagers } from './hooks/callback-managers.js';
import { models } from './hooks/models.js';
import { retrievers } from './hooks/retrievers.js';
import { runnables } from './hooks/runnables.js';
import { tools } from './hooks/tools.js';
import { modelSpansOf } from './model-operation.js';
import type { LangChainOptions } from './options.js';

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
    const modelSpan = modelSpansOf(modelSpans, conventions);
    const tracingFor = (telemetry: Telemetry): Tracing => ({ telemetry, spans, modelSpan });
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
