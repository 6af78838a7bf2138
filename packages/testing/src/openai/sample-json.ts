import { isRecord } from './ask.js';

/** The plainest value that a JSON schema allows; every string is `words`. */
export function sampleOf(schema: unknown, words: string, root: unknown = schema): unknown {
  if (!isRecord(schema)) return words;
  const { type, properties, items, enum: values, const: constant, anyOf, $ref: reference } = schema;
  if (constant !== undefined) return constant;
  if (Array.isArray(values)) return values[0];
  if (Array.isArray(anyOf)) return sampleOf(anyOf[0], words, root);
  if (typeof reference === 'string') return sampleOf(at(root, reference), words, root);
  if (isRecord(properties)) {
    return Object.fromEntries(Object.entries(properties).map(([key, one]) => [key, sampleOf(one, words, root)]));
  }
  const kind = Array.isArray(type) ? type[0] : type;
  if (kind === 'array') return [sampleOf(items, words, root)];
  if (kind === 'number' || kind === 'integer') return 1;
  if (kind === 'boolean') return true;
  if (kind === 'null') return null;
  return kind === 'object' ? {} : words;
}

/** `#/$defs/step` */
function at(root: unknown, reference: string): unknown {
  const path = reference.replace(/^#\/?/, '').split('/').filter(Boolean);
  return path.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), root);
}
