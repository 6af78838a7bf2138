import type { ModelStart } from './describe-model.js';
import type { OfferedCall } from './model-operation.js';
import type { Run, RunStart } from './run.js';
import type { Tracing } from './tracing.js';

/** How a call of a model starts, whether a callback told of it or a method. */
export function modelRun(tracing: Tracing, parent: Run | undefined, start: ModelStart): RunStart<OfferedCall> {
  const call = { owner: 'langchain', claimedBy: undefined };
  const agentName = parent?.agentName;
  return {
    kind: 'model',
    parent,
    agentName,
    ...tracing.modelSpan(start),
    input: { ...start, call, agentName, startedAt: Date.now() },
    offer: call,
  };
}
