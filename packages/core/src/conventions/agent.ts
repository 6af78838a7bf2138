import { SpanKind } from '@opentelemetry/api';
import type { Attributes } from '@opentelemetry/api';
import { pick, said } from '../attributes.js';
import type { MetricDefinition } from '../metrics.js';
import { plainFailure } from '../execution.js';
import type { ContentWriter, Failure, Operation } from '../operation.js';
import type { Message, OutputMessage } from './messages.js';
import * as names from './names.generated.js';

/** A tool that a framework runs. */
export interface ToolCall {
  readonly kind: 'tool';
  readonly name: string;
  readonly description?: string | undefined;
  readonly type?: 'function' | 'extension' | 'datastore' | undefined;
  /** The id by which the model asked for this call. */
  readonly callId?: string | undefined;
  /** Called only while content is captured. */
  readonly arguments?: (() => unknown) | undefined;
}

/** An agent that runs in this process. */
export interface AgentCall {
  readonly kind: 'agent';
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** Only when it uses one fixed model. */
  readonly model?: string | undefined;
  readonly messages?: (() => readonly Message[]) | undefined;
}

/** A flow that the application defined: a graph, a chain with a name. */
export interface WorkflowCall {
  readonly kind: 'workflow';
  /** Of few different values, given by the application; left out otherwise. */
  readonly name?: string | undefined;
  readonly messages?: (() => readonly Message[]) | undefined;
}

/** A search for documents. */
export interface RetrievalCall {
  readonly kind: 'retrieval';
  /** The index or store: `gen_ai.data_source.id`. */
  readonly dataSource?: string | undefined;
  readonly provider?: string | undefined;
  readonly topK?: number | undefined;
  /** Called only while content is captured. */
  readonly query?: (() => string) | undefined;
}

/** A step that no convention names: a graph's node, a prompt, a parser. */
export interface StepCall {
  readonly kind: 'step';
  readonly name: string;
}

export type FrameworkCall = (ToolCall | AgentCall | WorkflowCall | RetrievalCall | StepCall) & {
  readonly conversationId?: string | undefined;
  /** The agent on whose behalf it runs. */
  readonly agentName?: string | undefined;
  /** What only this framework has, under names of its own. */
  readonly attributes?: Attributes | undefined;
};

/** What a step of a framework gave. */
export interface FrameworkResult {
  readonly attributes?: Attributes | undefined;
  /** A tool's result. Called only while content is captured. */
  readonly toolResult?: (() => unknown) | undefined;
  readonly documents?: readonly { readonly id?: string | undefined; readonly score?: number | undefined }[] | undefined;
  readonly messages?: (() => readonly OutputMessage[]) | undefined;
  /** It failed although the program saw no error: a tool message with status `error`. */
  readonly failure?: Failure | undefined;
}

export interface FrameworkOperation<Input, Output> {
  call(input: Input): FrameworkCall | undefined;
  result?(output: Output, input: Input): FrameworkResult | undefined;
  failure?(error: unknown, input: Input): Failure | undefined;
}

/** What a framework does itself: agents, workflows, tools, retrieval (GenAI conventions, in development). */
export function frameworkOperation<Input, Output = unknown>(
  of: FrameworkOperation<Input, Output>,
): Operation<Input, Output> {
  return {
    nests: true,
    describe(input, content) {
      const call = of.call(input);
      if (call === undefined) return undefined;
      return {
        name: spanName(call),
        kind: call.kind === 'retrieval' ? SpanKind.CLIENT : SpanKind.INTERNAL,
        attributes: startAttributes(call),
        details: () => ({
          ...detailsOf(call),
          ...call.attributes,
          ...(content !== undefined && contentOf(call, content)),
        }),
      };
    },
    outcome(output, input, content) {
      const result = of.result?.(output, input);
      if (result === undefined) return undefined;
      return {
        attributes: said({
          ...result.attributes,
          ...(content !== undefined && resultContent(result, content)),
        }),
        ...(result.failure !== undefined && { failure: result.failure }),
      };
    },
    failure: (error, input) => of.failure?.(error, input) ?? plainFailure(error),
    measure({ attributes, errorType, duration }, metering) {
      const metric = METRICS[String(attributes[names.GEN_AI_OPERATION_NAME])];
      if (metric === undefined) return;
      const dimensions = pick(attributes, metric.keys);
      if (errorType !== undefined) dimensions[names.ERROR_TYPE] = errorType;
      metering.record(metric.duration, duration, dimensions);
    },
  };
}

const METRICS: Record<string, { readonly duration: MetricDefinition; readonly keys: readonly string[] }> = {
  invoke_agent: { duration: names.METRIC_GEN_AI_INVOKE_AGENT_DURATION, keys: [names.GEN_AI_AGENT_NAME] },
  invoke_workflow: { duration: names.METRIC_GEN_AI_INVOKE_WORKFLOW_DURATION, keys: [names.GEN_AI_WORKFLOW_NAME] },
  execute_tool: {
    duration: names.METRIC_GEN_AI_EXECUTE_TOOL_DURATION,
    keys: [names.GEN_AI_TOOL_NAME, names.GEN_AI_AGENT_NAME],
  },
  retrieval: {
    duration: names.METRIC_GEN_AI_CLIENT_OPERATION_DURATION,
    keys: [names.GEN_AI_OPERATION_NAME, names.GEN_AI_PROVIDER_NAME],
  },
};

function spanName(call: FrameworkCall): string {
  switch (call.kind) {
    case 'tool':
      return `execute_tool ${call.name}`;
    case 'agent':
      return call.name === undefined ? 'invoke_agent' : `invoke_agent ${call.name}`;
    case 'workflow':
      return call.name === undefined ? 'invoke_workflow' : `invoke_workflow ${call.name}`;
    case 'retrieval':
      return call.dataSource === undefined ? 'retrieval' : `retrieval ${call.dataSource}`;
    case 'step':
      return call.name;
  }
}

function startAttributes(call: FrameworkCall): Attributes {
  switch (call.kind) {
    case 'tool':
      return said({
        [names.GEN_AI_OPERATION_NAME]: 'execute_tool',
        [names.GEN_AI_TOOL_NAME]: call.name,
        [names.GEN_AI_TOOL_TYPE]: call.type ?? 'function',
        [names.GEN_AI_AGENT_NAME]: call.agentName,
      });
    case 'agent':
      return said({
        [names.GEN_AI_OPERATION_NAME]: 'invoke_agent',
        [names.GEN_AI_AGENT_NAME]: call.name,
        [names.GEN_AI_REQUEST_MODEL]: call.model,
      });
    case 'workflow':
      return said({
        [names.GEN_AI_OPERATION_NAME]: 'invoke_workflow',
        [names.GEN_AI_WORKFLOW_NAME]: call.name,
        [names.GEN_AI_AGENT_NAME]: call.agentName,
      });
    case 'retrieval':
      return said({
        [names.GEN_AI_OPERATION_NAME]: 'retrieval',
        [names.GEN_AI_DATA_SOURCE_ID]: call.dataSource,
        [names.GEN_AI_PROVIDER_NAME]: call.provider,
        [names.GEN_AI_AGENT_NAME]: call.agentName,
      });
    case 'step':
      return said({ [names.GEN_AI_AGENT_NAME]: call.agentName });
  }
}

function detailsOf(call: FrameworkCall): Attributes {
  return said({
    [names.GEN_AI_CONVERSATION_ID]: call.conversationId,
    [names.GEN_AI_TOOL_CALL_ID]: call.kind === 'tool' ? call.callId : undefined,
    [names.GEN_AI_TOOL_DESCRIPTION]: call.kind === 'tool' ? call.description : undefined,
    [names.GEN_AI_AGENT_DESCRIPTION]: call.kind === 'agent' ? call.description : undefined,
    [names.GEN_AI_RETRIEVAL_TOP_K]: call.kind === 'retrieval' ? call.topK : undefined,
  });
}

function contentOf(call: FrameworkCall, content: ContentWriter): Attributes {
  switch (call.kind) {
    case 'tool':
      return said({
        [names.GEN_AI_TOOL_CALL_ARGUMENTS]:
          call.arguments && content.json(call.arguments(), names.GEN_AI_TOOL_CALL_ARGUMENTS),
      });
    case 'retrieval':
      return said({
        [names.GEN_AI_RETRIEVAL_QUERY_TEXT]:
          call.query && content.text(call.query(), names.GEN_AI_RETRIEVAL_QUERY_TEXT),
      });
    case 'agent':
    case 'workflow':
      return said({
        [names.GEN_AI_INPUT_MESSAGES]: call.messages && content.json(call.messages(), names.GEN_AI_INPUT_MESSAGES),
      });
    case 'step':
      return {};
  }
}

function resultContent(result: FrameworkResult, content: ContentWriter): Attributes {
  return said({
    [names.GEN_AI_TOOL_CALL_RESULT]:
      result.toolResult && content.json(result.toolResult(), names.GEN_AI_TOOL_CALL_RESULT),
    [names.GEN_AI_RETRIEVAL_DOCUMENTS]:
      result.documents && content.json(result.documents, names.GEN_AI_RETRIEVAL_DOCUMENTS),
    [names.GEN_AI_OUTPUT_MESSAGES]: result.messages && content.json(result.messages(), names.GEN_AI_OUTPUT_MESSAGES),
  });
}
