import { readFileSync } from 'node:fs';
import { defineConfig, type UserConfig } from 'tsdown';

interface Manifest {
  private?: boolean;
  exports: Record<string, string | { 'throughline-source'?: string }>;
}

/** How every package is built: one file per entry of its package.json's `exports`, in ESM and CJS, with types and maps. */
export function library(): UserConfig {
  const manifest: Manifest = JSON.parse(readFileSync('package.json', 'utf8'));
  const entry = Object.values(manifest.exports).flatMap((target) =>
    typeof target === 'object' ? (target['throughline-source'] ?? []) : [],
  );
  const published = manifest.private !== true;
  return defineConfig({
    entry,
    format: published ? ['esm', 'cjs'] : ['esm'],
    platform: 'node',
    target: 'node22.15',
    fixedExtension: true,
    dts: published,
    sourcemap: true,
    outputOptions: { comments: { jsdoc: false } },
    checks: { legacyCjs: false },
    publint: published && { strict: true },
    attw: published ? { profile: 'node16', level: 'error' } : false,
  });
}
