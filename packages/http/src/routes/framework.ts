import { module } from '@throughline/core';
import type { ModuleTarget, Target } from '@throughline/core';

/**
 * Files of a framework's own. What a program hands over (`modules`) is offered to every target, and is none of these: it
 * may have methods of the same names.
 */
export function framework<Exports extends object>(
  name: string,
  versions: string,
  files: readonly string[],
  targets: (exports: Exports) => readonly Target[],
): ModuleTarget {
  return module<Exports>(name, versions, files, (exports, { file }) => (file === undefined ? [] : targets(exports)));
}
