import { frameworkOperation } from '@throughline/core';
import type { Message, Operation, OutputMessage } from '@throughline/core';
import type { Attributes } from '@opentelemetry/api';
import { classOf, conversationOf, number, record, retryAttributes, text } from './callback-data.js';
import type { Metadata, Serialized } from './callback-data.js';
import { failureOf } from './failure.js';
import { messagesIn } from './messages.js';
import type { SpanChoice } from './options.js';
import type { RunKind } from './run.js';

/** A run of what LangChain calls a chain: an agent, a graph, its node, a sequence, a prompt, a parser, a function. */
export interface ChainStart {
  readonly serialized: Serialized | undefined;
  /** The graph, when its stream was started by its own methods. */
  readonly self: object | undefined;
  readonly inputs: unknown;
  readonly runName: string | undefined;
  readonly tags: readonly string[];
  readonly metadata: Metadata | undefined;
  readonly isRoot: boolean;
  /** How often its node was started in this run of the graph. */
  readonly attempt: number;
  readonly agentName: string | undefined;
  /** `tracePolicy` of a sequence: how its author wants inputs and outputs to be shown. */
  readonly policy: TracePolicy | undefined;
}

export interface TracePolicy {
  readonly processInputs?: (inputs: unknown) => unknown;
  readonly processOutputs?: (outputs: unknown) => unknown;
}

export type ChainKind = Extract<RunKind, 'agent' | 'workflow' | 'node' | 'chain'>;

export function chainKind({ serialized, self, runName, tags, metadata, isRoot }: ChainStart): ChainKind {
  const [library, part] = serialized?.id ?? [];
  const className = classOf(serialized);
  if (className === 'AgentExecutor') return 'agent';
  if (library === 'langgraph' && part === 'pregel') return isAgentGraph(self, runName, metadata) ? 'agent' : 'workflow';
  if (metadata?.['langgraph_node'] !== undefined && tags.some((tag) => tag.startsWith('graph:step:'))) return 'node';
  if (isRoot && className === 'RunnableSequence' && givenName(serialized, runName) !== undefined) return 'workflow';
  return 'chain';
}

/** The nodes that `createReactAgent` makes; the first three always. */
const REACT_NODES = new Set([
  '__start__',
  'agent',
  'tools',
  'pre_model_hook',
  'post_model_hook',
  'generate_structured_response',
]);

/**
 * `createAgent` leaves its mark in the metadata, which runs below inherit; so the graph's own nodes decide. Neither
 * `createReactAgent` nor the same loop made by hand has a mark.
 */
function isAgentGraph(graph: object | undefined, runName: string | undefined, metadata: Metadata | undefined): boolean {
  const nodes = record(record(graph)?.['nodes']);
  if (nodes === undefined) return runName !== undefined && runName === metadata?.['lc_agent_name'];
  const names = Object.keys(nodes);
  if ('model_request' in nodes) return metadata?.['ls_integration'] === 'langchain_create_agent';
  return 'agent' in nodes && 'tools' in nodes && names.every((name) => REACT_NODES.has(name));
}

/** The name of a graph or a sequence, unless it is LangChain's default. */
export function givenName(serialized: Serialized | undefined, runName: string | undefined): string | undefined {
  const name = runName ?? text(serialized?.kwargs?.name);
  return name === undefined ||
    name === classOf(serialized) ||
    DEFAULT_NAMES.has(name) ||
    /^(ChannelWrite|Branch)</.test(name)
    ? undefined
    : name;
}

/** Names that the libraries themselves give to runs. */
const DEFAULT_NAMES = new Set([
  'LangGraph',
  'RunnableLambda',
  'RunnableSequence',
  'RunnableMap',
  'RunnableParallel',
  'StructuredOutput',
  'StructuredOutputRunnable',
  '<runnable_lambda>',
]);

/** Nodes and steps inside an agent that the library put there. */
const AGENT_PLUMBING = new Set(['agent', 'tools', 'model_request', 'generate_structured_response', 'prompt']);

export function isShown(
  kind: ChainKind,
  start: ChainStart,
  spans: SpanChoice,
  around: RunKind | undefined,
  insideAgent: boolean,
): boolean {
  if (start.tags.includes('langsmith:hidden')) return false;
  if (spans === 'all' || kind === 'agent') return true;
  const name = givenName(start.serialized, start.runName);
  // A graph without a name that is a node of another graph would say the same twice.
  if (kind === 'workflow') return around !== 'node' || name !== undefined;
  if (spans === 'essential') return false;
  return name !== undefined && !(insideAgent && AGENT_PLUMBING.has(name));
}

export function agentNameOf({ serialized, self, runName }: ChainStart): string | undefined {
  return givenName(serialized, text(record(self)?.['name'])) ?? givenName(serialized, runName);
}

export const agentOperation: Operation<ChainStart> = frameworkOperation<ChainStart>({
  call: (start) => ({
    kind: 'agent',
    name: agentNameOf(start),
    description: text(record(start.self)?.['description']),
    messages: () => inputMessages(start),
    conversationId: conversationOf(start.metadata),
    attributes: retryAttributes(start.tags),
  }),
  result: (output, start) => ({ messages: () => outputMessages(start, output) }),
  failure: failureOf,
});

export const workflowOperation: Operation<ChainStart> = frameworkOperation<ChainStart>({
  call: (start) => ({
    kind: 'workflow',
    name: givenName(start.serialized, start.runName),
    messages: () => inputMessages(start),
    conversationId: conversationOf(start.metadata),
    agentName: start.agentName,
    attributes: retryAttributes(start.tags),
  }),
  result: (output, start) => ({ messages: () => outputMessages(start, output) }),
  failure: failureOf,
});

export const nodeOperation: Operation<ChainStart> = frameworkOperation<ChainStart>({
  call: (start) => ({
    kind: 'step',
    name: `node ${String(start.metadata?.['langgraph_node'])}`,
    conversationId: conversationOf(start.metadata),
    agentName: start.agentName,
    attributes: nodeAttributes(start),
  }),
  failure: failureOf,
});

export const stepOperation: Operation<ChainStart> = frameworkOperation<ChainStart>({
  call: (start) => ({
    kind: 'step',
    name: start.runName ?? text(start.serialized?.kwargs?.name) ?? classOf(start.serialized) ?? 'chain',
    conversationId: conversationOf(start.metadata),
    agentName: start.agentName,
    attributes: stepAttributes(start),
  }),
  failure: failureOf,
});

function stepAttributes({ serialized, tags }: ChainStart): Attributes {
  const component = classOf(serialized);
  return { ...(component !== undefined && { 'langchain.component': component }), ...retryAttributes(tags) };
}

function nodeAttributes({ metadata = {}, attempt }: ChainStart): Attributes {
  const step = number(metadata['langgraph_step']);
  const triggers = metadata['langgraph_triggers'];
  const path = metadata['langgraph_path'];
  const namespace = text(metadata['langgraph_checkpoint_ns']);
  return {
    'langgraph.node.name': String(metadata['langgraph_node']),
    ...(step !== undefined && { 'langgraph.step': step }),
    ...(Array.isArray(triggers) && { 'langgraph.triggers': triggers.map(String) }),
    // Reached over an edge, or by a `Send`.
    ...(Array.isArray(path) && { 'langgraph.path': path[0] === '__pregel_push' ? 'push' : 'pull' }),
    ...(namespace !== undefined && { 'langgraph.checkpoint.namespace': namespace }),
    ...(attempt > 1 && { 'langgraph.node.attempt': attempt }),
  };
}

function inputMessages({ inputs, policy }: ChainStart): readonly Message[] {
  return messagesIn(policy?.processInputs === undefined ? inputs : policy.processInputs(inputs));
}

function outputMessages({ policy }: ChainStart, output: unknown): readonly OutputMessage[] {
  const messages = messagesIn(policy?.processOutputs === undefined ? output : policy.processOutputs(output));
  return messages.slice(-1).map((message) => ({ ...message, finish_reason: 'stop' }));
}
