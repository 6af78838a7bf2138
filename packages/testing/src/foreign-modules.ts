import { diag } from '@opentelemetry/api';
import { collectLog } from './log.js';

class Foreign {
  send(): void {}
  add(): void {}
}

/** Modules that no adapter knows. */
export const FOREIGN: readonly object[] = [
  {},
  Object.assign(Object.create(null) as object, { default: {} }),
  Foreign,
  () => {},
  { Session: Foreign, Redis: Foreign, OpenAI: Foreign, prototype: undefined },
];

/** What is logged as a warning or an error meanwhile. */
export function warnings(during: () => void): readonly unknown[] {
  const warned = collectLog('error', 'warn');
  during();
  diag.disable();
  return warned;
}
