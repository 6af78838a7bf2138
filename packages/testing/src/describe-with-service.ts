import { describe } from 'vitest';
import { service, serviceState, type Service, type ServiceName } from './services.js';

/**
 * A suite that needs a real server. On a laptop without it the suite is reported as skipped, with the reason
 * in its name; in CI it fails, unless `THROUGHLINE_WITHOUT_SERVICES` names the server.
 */
export function describeWithService(name: ServiceName, title: string, suite: (server: Service) => void): void {
  const state = serviceState(name);
  if (!('unavailable' in state)) return void describe(title, () => suite(state));
  if (mustHave(name)) return void describe(title, () => suite(service(name)));
  describe.skip(`${title} (${name}: ${state.unavailable})`, () => suite({ url: 'unavailable:' }));
}

function mustHave(name: ServiceName): boolean {
  const declined = new Set((process.env['THROUGHLINE_WITHOUT_SERVICES'] ?? '').split(/[\s,]+/));
  const isCI = !['', '0', 'false', undefined].includes(process.env['CI']);
  return isCI && !declined.has(name) && !declined.has('all');
}
