// What a package.json may say: who depends on what, and that the published exports are the workspace's own without sources.
import { isDeepStrictEqual } from 'node:util';
import { report } from './report.mjs';
import { kindOf, publishedPackages } from './packages.mjs';

const rules = {
  core: () => false,
  adapter: (name) => name === '@throughline/core',
  sdk: (name) => name === '@throughline/core' || name.startsWith('@opentelemetry/'),
};

const problems = [];
const packages = publishedPackages();
for (const { manifest } of packages) {
  const kind = kindOf(manifest);
  const say = (text) => problems.push(`${manifest.name}: ${text}`);

  for (const name of Object.keys(manifest.dependencies ?? {}))
    if (!rules[kind](name)) say(`${kind === 'core' ? 'core' : `an ${kind} package`} may not depend on ${name}`);
  if (kind === 'adapter' && !manifest.dependencies?.['@throughline/core'])
    say('an adapter depends on @throughline/core');

  const { '@opentelemetry/api': api, ...vendors } = manifest.peerDependencies ?? {};
  if (kind !== 'sdk' && api !== '^1.9.0') say('the peer @opentelemetry/api is ^1.9.0, so that it fits SDK 2 and SDK 3');
  for (const name of Object.keys(vendors))
    if (!manifest.peerDependenciesMeta?.[name]?.optional) say(`the peer ${name} is optional: its users have it anyway`);

  if (!isDeepStrictEqual(manifest.publishConfig?.exports, withoutSources(manifest.exports)))
    say('publishConfig.exports is exports without the condition throughline-source');
  if (manifest.license !== 'Apache-2.0' || manifest.engines?.node !== '>=22.15')
    say('license Apache-2.0, engines.node >=22.15');
  if (manifest.type !== 'module' || manifest.sideEffects === undefined) say('type is module, and sideEffects is said');
}

report(
  problems,
  `${packages.length} published package.json files obey the rules`,
  'The rules are in docs/decisions and scripts/checks/manifests.mjs.',
);

function withoutSources(exports) {
  return Object.fromEntries(
    Object.entries(exports).map(([entry, target]) => {
      if (typeof target === 'string') return [entry, target];
      const { 'throughline-source': _source, ...published } = target;
      return [entry, published];
    }),
  );
}
