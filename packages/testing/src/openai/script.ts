/** What the stand-in answers to one request, as data. Scripts combine by spreading: `{ ...text('hi'), ...cut(1) }`. */
export interface Script {
  /** Only a request of this kind takes the script from the queue; said nothing: any that generates text. */
  readonly endpoint?: Endpoint;
  /** Anything from 400 on is answered with `error`. */
  readonly status?: number;
  readonly error?: ApiError;
  readonly headers?: Readonly<Record<string, string>>;
  /** One per choice; when the request's `n` asks for more, the last is repeated. */
  readonly choices?: readonly Choice[];
  /** What is left out is counted from the texts. */
  readonly usage?: Partial<TokenUsage>;
  /** The model that answers; said nothing: a dated version of the one asked for. */
  readonly model?: string;
  /** The Responses API's `failed`: an answer with status 200 that holds an error. */
  readonly failure?: { readonly code: string; readonly message: string };
  /** Events of a stream exactly as given, or a body exactly as given: for what no scenario provokes. */
  readonly events?: readonly unknown[];
  readonly body?: unknown;
  /** Azure's: the first chunk holds the prompt's content filter and `choices: []`. */
  readonly emptyChoicesFirst?: boolean;
  /** The second chunk's `delta` is null. */
  readonly deltaNull?: boolean;
  readonly toolStyle?: ToolStyle;
  readonly fault?: Fault;
  readonly msPerChunk?: number;
}

export type Endpoint =
  | 'chat'
  | 'completions'
  | 'responses'
  | 'responses.retrieve'
  | 'responses.cancel'
  | 'responses.delete'
  | 'embeddings'
  | 'transcriptions'
  | 'models'
  | 'files';

export interface Choice {
  /** A text is streamed word by word, pieces as they are. Said nothing: an echo of the last user message. */
  readonly text?: string;
  readonly pieces?: readonly string[];
  readonly refusal?: string;
  /** Chat: `reasoning_content`, as DeepSeek and others send it. Responses: a reasoning item with a summary. */
  readonly reasoning?: string;
  readonly toolCalls?: readonly ToolCall[];
  readonly finish?: 'stop' | 'length' | 'content_filter' | 'tool_calls';
}

export interface ToolCall {
  readonly name: string;
  /** An object is sent as JSON; a string as it is, valid or not. */
  readonly arguments?: string | object;
  readonly id?: string;
}

/** How a streamed chat cuts its tool calls into deltas. */
export interface ToolStyle {
  /** All calls in each delta, instead of one after the other. */
  readonly together?: boolean;
  /** Where the id is: in a call's first delta, in all of them, or in its last. */
  readonly ids?: 'first' | 'repeated' | 'late';
  /** Indexes 0, 2, 4. */
  readonly gaps?: boolean;
}

/** `input` includes `cached`, `output` includes `reasoning`. */
export interface TokenUsage {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  readonly reasoning: number;
}

export type Fault =
  | { readonly kind: 'cut' | 'malformed' | 'error' | 'stall'; readonly after: number }
  /** Nothing comes back, not even headers: closed at once, or left open until the client gives up. */
  | { readonly kind: 'hangUp' | 'silent' };

export interface ApiError {
  readonly message: string;
  readonly type: string;
  readonly code: string | null;
  readonly param: string | null;
}
