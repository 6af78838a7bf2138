import { diag, DiagLogLevel } from '@opentelemetry/api';
import type { DiagLogger } from '@opentelemetry/api';

/** The words of what is logged through `diag` at these levels from now on, until `diag.disable()`. */
export function collectLog(...levels: readonly (keyof DiagLogger)[]): readonly unknown[] {
  const logged: unknown[] = [];
  const logger = (level: keyof DiagLogger): DiagLogger[typeof level] => {
    return (...words) => {
      if (levels.includes(level)) logged.push(words);
    };
  };
  diag.setLogger(
    {
      error: logger('error'),
      warn: logger('warn'),
      info: logger('info'),
      debug: logger('debug'),
      verbose: logger('verbose'),
    },
    { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true },
  );
  return logged;
}
