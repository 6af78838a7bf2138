import { trace } from '@opentelemetry/api';
import type { BaseChatModel, BindToolsInput } from '@langchain/core/language_models/chat_models';
import type { BaseMessage } from '@langchain/core/messages';
import type { ChatGenerationChunk, ChatResult } from '@langchain/core/outputs';
import type { DynamicStructuredTool } from '@langchain/core/tools';
import type { Library } from './library.js';

/** A span that the application opens: it shows where the application's code stands. */
export async function work(name: string): Promise<string> {
  return trace.getTracer('application').startActiveSpan(name, async (span) => {
    await turn();
    span.end();
    return name;
  });
}

/** The same for code that cannot wait. */
export function workNow(name: string): string {
  trace.getTracer('application').startSpan(name).end();
  return name;
}

/** Opens a span around a step of the application. */
export function within<T>(name: string, step: () => Promise<T>): Promise<T> {
  return trace.getTracer('application').startActiveSpan(name, async (span) => {
    try {
      return await step();
    } finally {
      span.end();
    }
  });
}

export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const chunks: T[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

export const USAGE = { input_tokens: 7, output_tokens: 3, total_tokens: 10 };

export interface ScriptedModel extends BaseChatModel {
  /** How often the provider was called. */
  calls: number;
}

export interface ModelScript {
  /** What it answers, one after the other; the last again and again. */
  readonly answers?: readonly (BaseMessage | Error)[];
  readonly streams?: boolean;
  readonly cache?: InstanceType<Library['caches']['InMemoryCache']>;
  readonly maxConcurrency?: number;
}

/** A chat model as an integration writes it: its provider is called in `_generate` and `_streamResponseChunks`. */
export function scripted({ chatModels, messages, outputs }: Library, script: ModelScript = {}): ScriptedModel {
  const { answers = [answer(messages, 'a b c')] } = script;
  class ChatScripted extends chatModels.BaseChatModel {
    calls = 0;
    static override lc_name(): string {
      return 'ChatScripted';
    }
    override _llmType(): string {
      return 'scripted';
    }
    override invocationParams(): object {
      return { model: 'scripted', temperature: 0, max_tokens: 0 };
    }
    override bindTools(_tools: BindToolsInput[]): this {
      return this;
    }
    next(): BaseMessage {
      const answer = answers[Math.min(this.calls, answers.length - 1)];
      this.calls += 1;
      if (answer instanceof Error) throw answer;
      return answer as BaseMessage;
    }
    override async _generate(): Promise<ChatResult> {
      const message = this.next();
      await this.caller.call(() => work('provider'));
      return { generations: [{ text: String(message.content), message }] };
    }
  }
  class ChatStreaming extends ChatScripted {
    override async *_streamResponseChunks(): AsyncGenerator<ChatGenerationChunk> {
      const message = this.next();
      const words = String(message.content).split(' ');
      for (const [index, word] of words.entries()) {
        await work('provider');
        yield new outputs.ChatGenerationChunk({
          text: word,
          message: new messages.AIMessageChunk(
            (index === words.length - 1 ? { content: word, usage_metadata: USAGE } : { content: word }) as never,
          ),
        });
      }
    }
  }
  const Model = script.streams === true ? ChatStreaming : ChatScripted;
  return new Model({
    ...(script.cache !== undefined && { cache: script.cache }),
    ...(script.maxConcurrency !== undefined && { maxConcurrency: script.maxConcurrency }),
    maxRetries: 0,
  } as never);
}

export function answer({ AIMessage }: Library['messages'], content: string): BaseMessage {
  const response_metadata = { model_name: 'scripted-1', finish_reason: 'stop' };
  return new AIMessage({ content, usage_metadata: USAGE, response_metadata } as never);
}

/** A model that asks for `search` once and then answers. */
export function searching(lib: Library, call: { name: string; args?: object } = { name: 'search' }): ScriptedModel {
  const { AIMessage } = lib.messages;
  return scripted(lib, {
    answers: [
      new AIMessage({
        content: '',
        tool_calls: [
          {
            name: call.name,
            args: (call.args ?? { query: 'x' }) as Record<string, unknown>,
            id: 'call_1',
            type: 'tool_call',
          },
        ],
      }),
      new AIMessage('found it'),
    ],
  });
}

export function searchTool({ tools, zod }: Library, body?: () => Promise<unknown>): DynamicStructuredTool {
  return tools.tool(body ?? (async () => work('in search')), {
    name: 'search',
    description: 'Finds things',
    schema: zod.z.object({ query: zod.z.string() }),
  } as never) as never;
}
