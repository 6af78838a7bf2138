import { context, createContextKey } from '@opentelemetry/api';
import type { Context } from '@opentelemetry/api';
import { reportFailure } from './guard.js';
import type { ContentWriter } from './operation.js';

/**
 * Changes a text before it is recorded. When it throws or does not answer a string, the text is not recorded.
 *
 * @param where the attribute that the text is for: `gen_ai.input.messages`.
 */
export type Redact = (text: string, where: string) => string;

/** Whether and how message content is recorded. The one place that decides it. */
export interface ContentPolicy {
  /** Whether content is captured for calls made in this context. */
  capturing(active: Context): boolean;
  readonly redact: Redact | undefined;
  /** Characters that one attribute may have. */
  readonly limit: number;
}

const CAPTURE = createContextKey('throughline.capture_content');

/**
 * Runs `fn` with the capture of content on or off, whatever the options say; the innermost call decides.
 *
 * @throws what `fn` throws.
 */
export function withCaptureContent<T>(capture: boolean, fn: () => T): T {
  return context.with(context.active().setValue(CAPTURE, capture), fn);
}

export function contentPolicy(settings: {
  readonly captureContent: boolean;
  readonly redact?: Redact | undefined;
  readonly limit: number;
}): ContentPolicy {
  return {
    redact: settings.redact,
    limit: settings.limit,
    capturing: (active) => (active.getValue(CAPTURE) as boolean | undefined) ?? settings.captureContent,
  };
}

export function contentWriter(policy: ContentPolicy): ContentWriter {
  const redact = (text: string, where: string): string | undefined => {
    if (policy.redact === undefined) return text;
    try {
      const changed: unknown = policy.redact(text, where);
      if (typeof changed === 'string') return changed;
      reportFailure('the redact option', new TypeError('redact did not answer a string'));
    } catch (error) {
      reportFailure('the redact option', error);
    }
    return undefined;
  };
  return {
    text(value, where) {
      // The redactor sees the whole text, so that a secret which the limit cuts in two is still recognised.
      const text = redact(value, where);
      return text === undefined ? undefined : shorten(text, policy.limit);
    },
    json(value, where) {
      let failed = false;
      const copy = plain(value, (text) => {
        const changed = redact(text, where);
        if (changed === undefined) failed = true;
        return changed ?? '';
      });
      if (failed) return undefined;
      return jsonWithin(copy, policy.limit);
    },
  };
}

/**
 * JSON of at most `limit` characters that stays valid JSON: first long texts are shortened, then the oldest entries
 * of a list are left out. `undefined` when nothing fits.
 */
function jsonWithin(value: unknown, limit: number): string | undefined {
  let text = JSON.stringify(value);
  if (text === undefined || text.length <= limit) return text;
  for (let longest = Math.floor(limit / 2); longest >= 32; longest = Math.floor(longest / 2)) {
    text = JSON.stringify(value, (_, part: unknown) => (typeof part === 'string' ? shorten(part, longest) : part));
    if (text.length <= limit) return text;
    if (Array.isArray(value) && value.length > 1) {
      const kept = value.slice(Math.ceil(value.length / 2));
      const shorter = jsonWithin(kept, limit);
      if (shorter !== undefined && longest <= 256) return shorter;
    }
  }
  return undefined;
}

function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const end = /[\uD800-\uDBFF]/.test(text.charAt(limit - 2)) ? limit - 2 : limit - 1;
  return `${text.slice(0, end)}…`;
}

const MAX_DEPTH = 12;
const MAX_ENTRIES = 1000;

/**
 * A copy that JSON can write, whatever the program passes: cycles, BigInt, bytes, class instances, getters that throw.
 * Bytes become their size.
 */
function plain(value: unknown, onText: (text: string) => string, depth = 0, seen: readonly object[] = []): unknown {
  switch (typeof value) {
    case 'string':
      return onText(value);
    case 'bigint':
      return onText(String(value));
    case 'number':
    case 'boolean':
      return value;
    case 'object':
      break;
    default:
      return undefined;
  }
  if (value === null) return null;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return { bytes: value.byteLength };
  if (typeof Blob !== 'undefined' && value instanceof Blob) return { bytes: value.size, mime_type: value.type };
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (seen.includes(value)) return '[circular]';
  if (depth >= MAX_DEPTH) return '[deep]';
  const path = [...seen, value];
  if (Array.isArray(value)) {
    return value.slice(0, MAX_ENTRIES).map((entry) => plain(entry, onText, depth + 1, path) ?? null);
  }
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value).slice(0, MAX_ENTRIES)) {
    let entry: unknown;
    try {
      entry = (value as Record<string, unknown>)[key];
    } catch {
      entry = '[unreadable]';
    }
    const written = plain(entry, onText, depth + 1, path);
    if (written !== undefined) copy[key] = written;
  }
  return copy;
}
