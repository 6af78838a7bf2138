/** Which runs of chains have a span of their own. Models, tools and retrievers always have one. */
export type SpanChoice = 'all' | 'named' | 'essential';

/** Who records the tokens of a model call. */
export type ModelSpans = 'auto' | 'always' | 'structure' | 'none';

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
   * - `auto`: when an adapter records the provider's client library, its span is the only one. Otherwise, and for a call
   *   that the client library never saw, such as an answer from LangChain's cache, it is a `chat` span itself.
   * - `always`: a `chat` span always; adapters record no generation inside.
   * - `structure`: named by its class (`ChatOpenAI`), it shows where the call stands and no more, for client libraries
   *   that others instrument.
   * - `none`: no span.
   *
   * Default: `auto`.
   */
  modelSpans?: ModelSpans;
}
