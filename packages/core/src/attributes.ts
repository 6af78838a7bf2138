import type { Attributes, AttributeValue, Span } from '@opentelemetry/api';

/** Without the keys whose value is `undefined`; `0`, `''` and `false` are values and stay. */
export function said(attributes: Record<string, AttributeValue | undefined>): Attributes {
  const result: Attributes = {};
  for (const key in attributes) {
    const value = attributes[key];
    if (value !== undefined) result[key] = value;
  }
  return result;
}

/** Adds one that is said. Where an answer adds few of many, this costs less than `said`. */
export function put(attributes: Attributes, key: string, value: AttributeValue | undefined): void {
  if (value !== undefined) attributes[key] = value;
}

/** The named attributes that are there. Metrics take this: a key with `undefined` would open a second series. */
export function pick(attributes: Attributes, keys: readonly string[]): Attributes {
  const result: Attributes = {};
  for (const key of keys) {
    const value = attributes[key];
    if (value !== undefined) result[key] = value;
  }
  return result;
}

/** Sets those that are not `undefined`. One by one: given to `startSpan` they would be copied and validated twice. */
export function setAll(span: Span, attributes: Attributes): void {
  for (const key in attributes) {
    const value = attributes[key];
    if (value !== undefined) span.setAttribute(key, value);
  }
}
