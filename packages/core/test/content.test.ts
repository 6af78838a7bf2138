import { describe, expect, it } from 'vitest';
import { contentPolicy, contentWriter } from '../src/content.js';
import type { Redact } from '../src/content.js';

const writer = (limit = 1000, redact?: Redact) => contentWriter(contentPolicy({ captureContent: true, redact, limit }));

describe('content', () => {
  it('is JSON, whatever the program passes', () => {
    const cyclic: Record<string, unknown> = { big: 10n, bytes: new Uint8Array(3), date: new Date(0), none: undefined };
    cyclic['self'] = cyclic;
    Object.defineProperty(cyclic, 'bad', {
      enumerable: true,
      get() {
        throw new Error('no');
      },
    });
    expect(JSON.parse(writer().json(cyclic, 'x') as string)).toEqual({
      big: '10',
      bytes: { bytes: 3 },
      date: '1970-01-01T00:00:00.000Z',
      self: '[circular]',
      bad: '[unreadable]',
    });
  });

  it.each([50, 200, 1000, 5000])('stays valid JSON within %i characters', (limit) => {
    const messages = Array.from({ length: 40 }, (_, index) => ({
      role: 'user',
      parts: [{ type: 'text', content: `${index} ${'x'.repeat(500)}` }],
    }));
    const text = writer(limit).json(messages, 'x');
    if (text !== undefined) {
      expect(text.length).toBeLessThanOrEqual(limit);
      expect(JSON.parse(text)).toBeInstanceOf(Array);
    } else {
      expect(limit).toBe(50);
    }
  });

  it('keeps the newest messages when not all fit', () => {
    const messages = Array.from({ length: 64 }, (_, index) => ({ content: `${index} ${'x'.repeat(100)}` }));
    const kept = JSON.parse(writer(1000).json(messages, 'x') as string) as { content: string }[];
    expect(kept.at(-1)?.content).toMatch(/^63 /);
  });

  it('is cut between characters', () => {
    expect(writer(3).text('ab😀cd', 'x')).toBe('ab…');
    expect(writer(4).text('ab😀cd', 'x')).toBe('ab…');
  });

  it('is redacted in every text of a structure', () => {
    const redact: Redact = (text, where) => text.replaceAll('SECRET', where);
    expect(writer(1000, redact).json([{ a: 'SECRET' }, ['SECRET']], 'there')).toBe('[{"a":"there"},["there"]]');
  });

  it.each<[string, Redact]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['answers no string', () => undefined as unknown as string],
  ])('is dropped when the redactor %s', (_, redact) => {
    expect(writer(1000, redact).json({ a: 'SECRET' }, 'x')).toBeUndefined();
    expect(writer(1000, redact).text('SECRET', 'x')).toBeUndefined();
  });
});
