/** The message format of the GenAI conventions: `gen_ai.input.messages`, `gen_ai.output.messages`. */
export interface Message {
  readonly role: string;
  readonly parts: readonly MessagePart[];
  readonly name?: string | undefined;
}

export interface OutputMessage extends Message {
  readonly finish_reason: string;
}

export type MessagePart =
  | { readonly type: 'text'; readonly content: string }
  | { readonly type: 'reasoning'; readonly content: string }
  | {
      readonly type: 'tool_call';
      readonly id?: string | undefined;
      readonly name: string;
      readonly arguments?: unknown;
    }
  | { readonly type: 'tool_call_response'; readonly id?: string | undefined; readonly response: unknown }
  /** Media: only what it is and how large, never its bytes. */
  | {
      readonly type: 'blob';
      readonly modality: string;
      readonly mime_type?: string | undefined;
      readonly content: string;
    }
  | { readonly type: 'uri'; readonly modality: string; readonly uri: string }
  | { readonly type: 'file'; readonly modality: string; readonly file_id: string }
  /** Anything else, under a type of its own. */
  | { readonly type: string; readonly [key: string]: unknown };

export interface ToolDefinition {
  readonly type: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly parameters?: unknown;
}

/** Arguments come as JSON text; what a model wrote may be no JSON and is then kept as text. */
export function parseArguments(text: unknown): unknown {
  if (typeof text !== 'string') return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
