import { isAbsolute } from 'node:path';

/** The Node lines that are tested. */
export type NodeVersion = '22.15.0' | '24.21.0' | '26.10.0';

/** The path of a Node binary; a version that this machine lacks is fetched into `.tools`. */
export async function nodeProgram(node: string = process.versions.node): Promise<string> {
  if (node === process.versions.node) return process.execPath;
  if (isAbsolute(node)) return node;
  // Computed, so that the build leaves the script where it is: `src` and `dist` are equally deep.
  const tools: unknown = await import(new URL('../../../scripts/tools.mjs', import.meta.url).href);
  return (tools as { fetchNode(version: string): string }).fetchNode(node);
}
