import { existsSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import type { Resource } from '@opentelemetry/resources';
import type { Settings } from './settings.js';

/** Who sends: what was set, over `OTEL_RESOURCE_ATTRIBUTES`, over the program's package.json. */
export function resourceOf({ serviceName, serviceVersion, environment }: Settings): Resource {
  return defaultResource()
    .merge(named(programPackage()))
    .merge(detectResources({ detectors: [resourceAttributesEnvDetector] }))
    .merge(named({ name: serviceName, version: serviceVersion, environment }));
}

interface Named {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly environment?: string | undefined;
}

function named({ name, version, environment }: Named): Resource {
  return resourceFromAttributes({
    ...(name !== undefined && { 'service.name': name }),
    ...(version !== undefined && { 'service.version': version }),
    ...(environment !== undefined && { 'deployment.environment.name': environment }),
  });
}

/** The package.json that the program's entry belongs to: the nearest one above it that has a name. */
function programPackage(): Named {
  const entry = process.argv[1];
  const start =
    entry === undefined ? process.cwd() : path.dirname(existsSync(entry) ? realpathSync(entry) : path.resolve(entry));
  for (let folder = start; ; folder = path.dirname(folder)) {
    const { name, version } = readNamed(path.join(folder, 'package.json'));
    if (typeof name === 'string' && name !== '')
      return { name, version: typeof version === 'string' ? version : undefined };
    if (folder === path.dirname(folder)) return {};
  }
}

function readNamed(file: string): { name?: unknown; version?: unknown } {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as object | null) ?? {};
  } catch {
    return {};
  }
}
