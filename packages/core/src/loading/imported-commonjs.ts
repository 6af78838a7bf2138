/**
 * Whether this Node runs CommonJS that is imported in another way once a load hook stands, any load hook: with a
 * `require` of its own, which fails at ES modules that import CommonJS ("is not in cache"), and beside asynchronous
 * loaders. Measured: 22.15.0, 22.18.0, 22.21.0, 24.0.0, 24.4.0 and 24.11.0 do, 22.22.3 and 24.21.0 do not.
 */
export function mishandlesImportedCommonJs(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  const at = minor * 1000 + patch;
  return (major === 22 && at < 22_003) || (major === 24 && at <= 11_000) || major === 23;
}

/** CommonJS that is being imported, and not required. Conditions come as an array or a set. */
export function isImportedCommonJs(
  format: string | null | undefined,
  conditions: Iterable<string> | undefined,
): boolean {
  return format === 'commonjs' && [...(conditions ?? [])].includes('import');
}

/**
 * A source that has Node's CommonJS loader run the file, as it does where no hook stands. That one makes the module anew
 * and asks the hooks for its source itself. The rest is there for Node to find the names of the exports in, and never
 * runs.
 */
export function runByCommonJsLoader(source: string): string {
  return `return void (${load})(process.getBuiltinModule('node:module'));${source.replace(/^#!/, '//')}`;
}

const load =
  '(loader) => { delete loader._cache[__filename]; module.exports = loader._load(__filename, undefined, require.main === module); }';
