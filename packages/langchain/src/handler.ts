import { guard } from '@throughline/core';
import type { AnyExecution } from '@throughline/core';
import { isControlFlow, isInterrupt, record, text } from './callback-data.js';
import type { Metadata, Serialized } from './callback-data.js';
import {
  agentNameOf,
  agentOperation,
  chainKind,
  isShown,
  nodeOperation,
  stepOperation,
  workflowOperation,
} from './describe-chain.js';
import type { ChainKind, ChainStart, TracePolicy } from './describe-chain.js';
import type { ModelEnd, ModelStart } from './describe-model.js';
import { retrieverOperation } from './describe-retriever.js';
import { toolOperation } from './describe-tool.js';
import { modelRun } from './model-run.js';
import { endRun, failRun, frameFor, shownRun, startRun } from './run.js';
import type { Run, RunStart } from './run.js';
import type { Tracing } from './tracing.js';

/** Recognises our handler, whichever copy of us made it. */
const TRACING: unique symbol = Symbol.for('throughline.langchain.handler');

/** LangGraph tells a handler with this mark when it waits for the outside and when it goes on. */
const GRAPH_HANDLER: unique symbol = Symbol.for('langgraph.graph_callback_handler');

/** Ended runs that are still found by what they left running. A long-lived root, such as an agent's loop, has many. */
const ENDED_RUNS = 512;

const CHAIN_OPERATIONS = {
  agent: agentOperation,
  workflow: workflowOperation,
  node: nodeOperation,
  chain: stepOperation,
} as const;

/**
 * The callback handler of one root run: it knows the runs below, and dies with them.
 *
 * LangChain takes a handler with `_addRunToRunMap` for a tracer, and tells a tracer of a start synchronously in the
 * caller's context; other callbacks run on a queue, in the context of whichever request came before.
 */
export class TracingHandler {
  readonly name = 'throughline';
  readonly awaitHandlers = true;
  readonly #tracing: Tracing;
  readonly #runs = new Map<string, Run>();
  readonly #ended: string[] = [];

  constructor(tracing: Tracing) {
    this.#tracing = tracing;
  }

  find(runId: string | undefined): Run | undefined {
    return runId === undefined ? undefined : this.#runs.get(runId);
  }

  copy(): this {
    return this;
  }

  toJSON(): object {
    return { name: this.name };
  }

  /** Only its presence matters. */
  _addRunToRunMap(): void {}

  _createRunForChainStart(
    serialized: Serialized,
    inputs: unknown,
    runId: string,
    parentRunId?: string,
    tags: readonly string[] = [],
    metadata?: Metadata,
    runType?: string,
    runName?: string,
    extra?: object,
  ): void {
    guard('starting a run', () => {
      if (runType === 'llm') {
        this.#startModel('chat', serialized, undefined, runId, parentRunId, {}, tags, metadata);
        return;
      }
      const parent = this.find(parentRunId);
      const start: ChainStart = {
        serialized,
        self: frameFor('chain')?.self,
        inputs,
        runName,
        tags,
        metadata,
        isRoot: parentRunId === undefined,
        attempt: attemptOf(parent, text(metadata?.['langgraph_checkpoint_ns'])),
        agentName: parent?.agentName,
        policy: extra === undefined ? undefined : (extra as Record<symbol, TracePolicy>)[TRACE_POLICY],
      };
      const kind = chainKind(start);
      const shown = isShown(kind, start, this.#tracing.spans, parent?.kind, isInsideAgent(parent));
      this.#start(runId, {
        kind,
        parent,
        agentName: (kind === 'agent' ? agentNameOf(start) : undefined) ?? parent?.agentName,
        operation: shown ? CHAIN_OPERATIONS[kind satisfies ChainKind] : undefined,
        input: start,
      });
    });
  }

  _createRunForChatModelStart(
    serialized: Serialized,
    messages: readonly unknown[],
    runId: string,
    parentRunId?: string,
    extraParams?: object,
    tags?: readonly string[],
    metadata?: Metadata,
  ): void {
    guard('starting a run', () => {
      const params = invocationParams(extraParams);
      this.#startModel('chat', serialized, messages[0], runId, parentRunId, params, tags, metadata);
    });
  }

  _createRunForLLMStart(
    serialized: Serialized,
    prompts: readonly unknown[],
    runId: string,
    parentRunId?: string,
    extraParams?: object,
    tags?: readonly string[],
    metadata?: Metadata,
  ): void {
    guard('starting a run', () => {
      const params = invocationParams(extraParams);
      this.#startModel('text_completion', serialized, prompts, runId, parentRunId, params, tags, metadata);
    });
  }

  _createRunForToolStart(
    serialized: Serialized,
    input: unknown,
    runId: string,
    parentRunId?: string,
    tags?: readonly string[],
    metadata?: Metadata,
    runName?: string,
    toolCallId?: string,
  ): void {
    guard('starting a run', () => {
      const parent = this.find(parentRunId);
      const frame = frameFor('tool');
      const agentName = parent?.agentName;
      const callId = toolCallId ?? frame?.callId;
      this.#start(runId, {
        kind: 'tool',
        parent,
        agentName,
        operation: toolOperation,
        input: { serialized, self: frame?.self, input, runName, callId, tags, metadata, agentName },
      });
    });
  }

  _createRunForRetrieverStart(
    serialized: Serialized,
    query: string,
    runId: string,
    parentRunId?: string,
    _tags?: readonly string[],
    metadata?: Metadata,
    runName?: string,
  ): void {
    guard('starting a run', () => {
      const parent = this.find(parentRunId);
      const agentName = parent?.agentName;
      this.#start(runId, {
        kind: 'retriever',
        parent,
        agentName,
        operation: retrieverOperation,
        input: { serialized, self: frameFor('retriever')?.self, query, runName, metadata, agentName },
      });
    });
  }

  handleChainEnd(outputs: unknown, runId: string): void {
    // A model that answers no messages reports as a chain.
    const output = this.find(runId)?.kind === 'model' ? { generations: [{ message: outputs }] } : outputs;
    this.#end(runId, (execution) => {
      execution.succeed(output);
    });
  }

  handleChainError(error: unknown, runId: string): void {
    this.#fail(runId, error);
  }

  handleLLMEnd(
    output: { readonly generations?: readonly (readonly unknown[])[]; readonly llmOutput?: unknown },
    runId: string,
  ): void {
    const end: ModelEnd = { generations: output.generations?.[0] ?? [], llmOutput: output.llmOutput };
    this.#end(runId, (execution) => {
      execution.succeed(end);
    });
  }

  handleLLMError(error: unknown, runId: string): void {
    this.#fail(runId, error);
  }

  handleToolEnd(output: unknown, runId: string): void {
    this.#end(runId, (execution) => {
      execution.succeed(output ?? null);
    });
  }

  handleToolError(error: unknown, runId: string): void {
    this.#fail(runId, error);
  }

  handleRetrieverEnd(documents: unknown, runId: string): void {
    this.#end(runId, (execution) => {
      execution.succeed(documents);
    });
  }

  handleRetrieverError(error: unknown, runId: string): void {
    this.#fail(runId, error);
  }

  /** An event that the program dispatched. Its data is the program's own. */
  handleCustomEvent(name: string, _data: unknown, runId: string): void {
    shownRun(this.find(runId))?.execution?.event('langchain.custom_event', { 'langchain.event.name': name });
  }

  handleInterrupt({ runId }: { readonly runId?: string }): void {
    const execution = shownRun(this.find(runId))?.execution;
    execution?.set({ 'langgraph.interrupted': true });
    execution?.event('langgraph.interrupt');
  }

  handleResume({ runId }: { readonly runId?: string }): void {
    shownRun(this.find(runId))?.execution?.event('langgraph.resume');
  }

  #startModel(
    operation: ModelStart['operation'],
    serialized: Serialized,
    messages: unknown,
    runId: string,
    parentRunId: string | undefined,
    params: Readonly<Record<string, unknown>>,
    tags: readonly string[] | undefined,
    metadata: Metadata | undefined,
  ): void {
    const parent = this.find(parentRunId);
    const self = frameFor('model')?.self;
    this.#start(
      runId,
      modelRun(this.#tracing, parent, { operation, serialized, self, params, metadata, messages, tags }),
    );
  }

  #start<Input>(runId: string, start: RunStart<Input>): void {
    // An id that the program gives twice would leave the first run open.
    this.#end(runId, (execution) => {
      execution.succeed();
    });
    this.#runs.set(runId, startRun(this.#tracing.telemetry, start));
  }

  #fail(runId: string, error: unknown): void {
    if (!isControlFlow(error)) failRun(this.find(runId), error);
    this.#end(runId, (execution) => {
      if (isInterrupt(error)) execution.set({ 'langgraph.interrupted': true });
      execution.succeed();
    });
  }

  #end(runId: string, end: (execution: AnyExecution) => void): void {
    const run = this.#runs.get(runId);
    if (run === undefined) return;
    endRun(run, end);
    if (this.#ended.push(runId) <= ENDED_RUNS) return;
    const oldest = this.#ended.shift();
    if (oldest !== undefined) this.#runs.delete(oldest);
  }
}

Object.assign(TracingHandler.prototype, { [TRACING]: true, [GRAPH_HANDLER]: true });

export function isOurs(handler: unknown): handler is TracingHandler {
  return typeof handler === 'object' && handler !== null && TRACING in handler;
}

const TRACE_POLICY = Symbol.for('langchain.trace_policy');

function invocationParams(extra: object | undefined): Readonly<Record<string, unknown>> {
  return record(record(extra)?.['invocation_params']) ?? {};
}

/** LangGraph starts a fresh run for each attempt at a node, with the same metadata. */
function attemptOf(graph: Run | undefined, place: string | undefined): number {
  if (graph === undefined || place === undefined || (graph.kind !== 'agent' && graph.kind !== 'workflow')) return 1;
  graph.attempts ??= new Map();
  const attempt = (graph.attempts.get(place) ?? 0) + 1;
  graph.attempts.set(place, attempt);
  return attempt;
}

/** Whether the nearest graph around is an agent's. */
function isInsideAgent(run: Run | undefined): boolean {
  for (let at = run; at !== undefined; at = at.parent) {
    if (at.kind === 'agent') return true;
    if (at.kind === 'workflow' || at.kind === 'tool') return false;
  }
  return false;
}
