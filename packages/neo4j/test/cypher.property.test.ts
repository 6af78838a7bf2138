import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCypher } from '../src/cypher.js';
import { anyText, secretive } from './cypher-texts.js';

/** 1.2 million texts were read with 200,000 of each kind, in two minutes and a half. */
const numRuns = process.env['THROUGHLINE_SLOW'] === '1' ? 60_000 : 5000;
const timeout = 600_000;

describe('any string', { timeout }, () => {
  it('is read without an error, within the limit, and the same each time', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const read = readCypher(text);
        expect(readCypher(text)).toEqual(read);
        expect((read.summary ?? '').length).toBeLessThanOrEqual(255);
      }),
      { numRuns },
    );
  });

  it('has nothing left to hide once it is hidden', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { text: shown = text } = readCypher(text);
        if (shown !== text) expect(readCypher(shown).text).toBe(shown);
      }),
      { numRuns },
    );
  });

  it('has a summary of its own words only', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const word of readCypher(text).summary?.match(/[\p{ID_Continue}]+/gu) ?? []) expect(text).toContain(word);
      }),
      { numRuns },
    );
  });
});

describe('what stands in a literal', { timeout }, () => {
  it('is in no text and in no summary of a query without parameters', () => {
    fc.assert(
      fc.property(secretive, ({ query, secrets }) => {
        const { summary, text, indexSearch } = readCypher(query);
        expect(text).toBeDefined();
        expect(indexSearch).toBeUndefined();
        for (const secret of secrets) expect(`${summary} ${text}`).not.toContain(secret);
      }),
      { numRuns },
    );
  });

  it('is in no summary of a query with parameters, whose text is as it was', () => {
    fc.assert(
      fc.property(secretive, ({ query, secrets }) => {
        const given = `${query} RETURN $given`;
        const { summary, text } = readCypher(given);
        for (const secret of secrets) expect(summary).not.toContain(secret);
        if (/PASSWORD|secret/.test(given)) for (const secret of secrets) expect(text).not.toContain(secret);
        else expect(text).toBe(given);
      }),
      { numRuns },
    );
  });

  it('is in nothing that is cut off anywhere, quotes and comments included', () => {
    fc.assert(
      fc.property(secretive, fc.double({ min: 0, max: 1, noNaN: true }), ({ query, secrets }, part) => {
        const cut = query.slice(0, Math.floor(query.length * part));
        const { summary, text } = readCypher(cut);
        for (const secret of secrets) expect(`${summary} ${text}`).not.toContain(secret);
      }),
      { numRuns },
    );
  });
});

describe('a megabyte', { timeout }, () => {
  const timeOf = (text: string): number => {
    const start = performance.now();
    readCypher(text);
    return performance.now() - start;
  };
  const repeated = [
    "'",
    '"',
    '`',
    '$`',
    '/*',
    '//',
    '(',
    '{:',
    ':a|',
    'CALL a.',
    'a.',
    '1.',
    '1e-',
    '\\u0027',
    '\\',
    '\\u',
    'MATCH ',
    'é',
    '\u00a0',
    '(VECTOR INDEX a ',
  ];

  it.each(repeated)('of %j is read in time linear in its length', (piece) => {
    timeOf(piece.repeat(10_000));
    // A quadratic reader needs minutes for this.
    expect(timeOf(piece.repeat(1_000_000 / piece.length))).toBeLessThan(30_000);
  });

  it('of anything is read in time linear in its length', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            anyText,
            secretive.map(({ query }) => query),
          ),
          { minLength: 1, maxLength: 5 },
        ),
        (parts) => {
          const text = parts.join(' ');
          const whole = text.repeat(Math.ceil(1_000_000 / Math.max(1, text.length)));
          expect(timeOf(whole)).toBeLessThan(30_000);
        },
      ),
      { numRuns: numRuns / 1000 },
    );
  });
});
