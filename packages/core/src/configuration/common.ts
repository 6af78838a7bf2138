import type { Redact } from '../content.js';
import { callback, choice, flag, parseFlag, text, texts, wholeNumber } from './option.js';
import type { OptionRule, OptionRules } from './option.js';

/** What every instrumentation understands, given to it or to `instrumentAll` for all. */
export interface CommonOptions {
  /**
   * Record message content: prompts, answers, tool arguments and results.
   * Environment: `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`. Default: false.
   */
  captureContent?: boolean;
  /** Changes each text of content before it is recorded. When it throws, the text is dropped. */
  redact?: Redact;
  /**
   * `legacy` adds the superseded GenAI metric names, and `gen_ai.usage.cache_creation.input_tokens`, to the newest
   * ones, for dashboards that know only these. Default: `latest`.
   */
  conventions?: 'latest' | 'legacy';
  /** Characters that one content attribute may have. Default: 65536. */
  contentLimit?: number;
  /** Baggage keys that become attributes of every span. Default: none. */
  baggageAttributes?: readonly string[];
  /**
   * Leave a call alone at once when its parent span is local and not sampled, as every built-in sampler would decide.
   * Turn it off for a sampler that samples children of dropped spans. Default: true.
   */
  parentShortcut?: boolean;
  /** `import.meta.url` of the program, where libraries are looked for first. Default: the file that calls. */
  from?: string;
}

/** The options with their defaults filled in. */
export interface CommonSettings {
  readonly captureContent: boolean;
  readonly redact: Redact | undefined;
  readonly conventions: 'latest' | 'legacy';
  readonly contentLimit: number;
  readonly baggageAttributes: readonly string[];
  readonly parentShortcut: boolean;
  readonly from: string | undefined;
}

export const commonRules: OptionRules<CommonSettings> = {
  captureContent: captureContentRule(),
  redact: callback<Redact>(),
  conventions: choice(['latest', 'legacy'], 'latest'),
  contentLimit: wholeNumber(65_536, 1),
  baggageAttributes: texts(),
  parentShortcut: flag(true),
  from: text(),
};

/**
 * The variable's values are those of OpenTelemetry's Python instrumentations; JavaScript's read a boolean. We write
 * content to spans only, so `EVENT_ONLY` records none.
 */
function captureContentRule(): OptionRule<boolean> {
  const accepted: Record<string, boolean> = {
    true: true,
    false: false,
    no_content: false,
    span_only: true,
    event_only: false,
    span_and_event: true,
  };
  return {
    ...flag(false),
    environment: [
      {
        name: 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT',
        accepts: 'NO_CONTENT, SPAN_ONLY, EVENT_ONLY, SPAN_AND_EVENT, true or false',
        parse: (given) => accepted[given.trim().toLowerCase()],
      },
    ],
  };
}

/** Whether anything is traced at all: `TRACING_ENABLED`, `JAEGER_ENABLED`, and the other way round `OTEL_SDK_DISABLED`. */
export const enabledRule: OptionRule<boolean> = {
  ...flag(true),
  environment: [
    { name: 'TRACING_ENABLED', parse: parseFlag },
    { name: 'JAEGER_ENABLED', parse: parseFlag },
    { name: 'OTEL_SDK_DISABLED', parse: parseDisabled },
  ],
};

function parseDisabled(given: string): boolean | undefined {
  const disabled = parseFlag(given);
  return disabled === undefined ? undefined : !disabled;
}
