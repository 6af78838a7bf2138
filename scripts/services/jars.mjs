import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canInstall, install } from './apt.mjs';
import { remove } from './folder.mjs';
import { programOnPath, run } from './program.mjs';
import { Unavailable } from './unavailable.mjs';

/** `lib/` with the jar of `group:artifact:version` and all it needs at run time; downloaded once. */
export async function jarsOf(coordinates, folder) {
  const lib = join(folder, 'lib');
  if (existsSync(lib)) return lib;
  const maven = await findMaven();
  const work = join(folder, 'download');
  remove(work);
  mkdirSync(work, { recursive: true });
  writeFileSync(join(work, 'pom.xml'), pom(coordinates));
  await run(maven, ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib', '-DincludeScope=runtime'], {
    cwd: work,
  });
  renameSync(join(work, 'lib'), lib);
  remove(work);
  return lib;
}

/** Whether `jarsOf` can do its work with what the machine has now. */
export function hasJarsOrMaven(folder) {
  return existsSync(join(folder, 'lib')) || programOnPath('mvn') !== undefined;
}

async function findMaven() {
  const maven = programOnPath('mvn');
  if (maven) return maven;
  if (canInstall()) await install('maven');
  const installed = programOnPath('mvn');
  if (installed) return installed;
  throw new Unavailable(
    'no mvn on PATH to download the jars with; install Maven (`apt-get install maven`, `brew install maven`) or start Docker',
  );
}

function pom(coordinates) {
  const [group, artifact, version] = coordinates.split(':');
  return `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>throughline</groupId>
  <artifactId>services</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>${group}</groupId>
      <artifactId>${artifact}</artifactId>
      <version>${version}</version>
    </dependency>
  </dependencies>
</project>
`;
}
