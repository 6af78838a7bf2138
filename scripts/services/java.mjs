import { readFileSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isProgram, programOnPath, run } from './program.mjs';

/**
 * The java program of the oldest installed JVM that is at least `version`: Neo4j 5 is tested with 17,
 * and a newer one warns. Looks at JAVA_HOME (and JAVA_HOME_21_X64, as on GitHub's runners), the usual
 * folders, and PATH.
 */
export async function findJava(version) {
  const homes = [...homesInEnvironment(), ...installedHomes()];
  const onPath = programOnPath('java');
  const candidates = [...homes.map((home) => join(home, 'bin', java)), ...(onPath ? [onPath] : [])];
  const programs = [...new Set(candidates.filter(isProgram).map((path) => realpathSync(path)))];
  const known = await Promise.all(programs.map(async (program) => ({ program, version: await versionOf(program) })));
  return known
    .filter((jvm) => jvm.version >= version)
    .toSorted((one, other) => one.version - other.version)
    .at(0)?.program;
}

const java = process.platform === 'win32' ? 'java.exe' : 'java';

function homesInEnvironment() {
  return Object.keys(process.env)
    .filter((key) => /^JAVA_HOME(?:_|$)/.test(key))
    .map((key) => process.env[key]);
}

function installedHomes() {
  return [
    ...childrenOf('/usr/lib/jvm'),
    ...childrenOf('/Library/Java/JavaVirtualMachines').map((folder) => join(folder, 'Contents', 'Home')),
    ...childrenOf('/opt/homebrew/opt').filter((folder) => folder.includes('openjdk')),
  ];
}

function childrenOf(folder) {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return [];
  }
}

async function versionOf(program) {
  return versionInRelease(program) ?? versionInOutput(await run(program, ['-version']).catch(() => ''));
}

/** `JAVA_VERSION="17.0.15"` in the file beside `bin`: saves the start of a JVM. */
function versionInRelease(program) {
  try {
    const release = readFileSync(join(dirname(dirname(program)), 'release'), 'utf8');
    return major(/^JAVA_VERSION="([^"]+)"/m.exec(release)?.[1]);
  } catch {
    return undefined;
  }
}

function versionInOutput(output) {
  return major(/version "([^"]+)"/.exec(output)?.[1]) ?? 0;
}

/** Java 8 calls itself 1.8. */
function major(version) {
  return version === undefined ? undefined : Number(/^(?:1\.)?(\d+)/.exec(version)?.[1]);
}
