/**
 * Whether a version lies in a range of comparators: `>=4 <8`, alternatives joined by `||`. A pre-release counts as
 * its release (`8.0.0-beta.1` is not below 8): it has the shape of what comes.
 *
 * @throws TypeError for a range that is written otherwise.
 */
export function inRange(version: string, range: string): boolean {
  const actual = numbers(version);
  return range.split('||').some((alternative) =>
    alternative
      .trim()
      .split(/\s+/)
      .every((comparator) => {
        const match = /^(>=|<=|>|<|=?)(\d+(?:\.\d+){0,2})$/.exec(comparator);
        if (match === null) throw new TypeError(`version range ${range}: expected comparators such as >=4 <8`);
        const order = compare(actual, numbers(match[2] as string));
        switch (match[1]) {
          case '>=':
            return order >= 0;
          case '<=':
            return order <= 0;
          case '>':
            return order > 0;
          case '<':
            return order < 0;
          default:
            return order === 0;
        }
      }),
  );
}

function numbers(version: string): number[] {
  return (/^\d+(?:\.\d+)*/.exec(version)?.[0] ?? '0').split('.').map(Number);
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < 3; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
