import { execFileSync, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Starts a server that outlives this command; what it prints goes to `log`. */
export async function startDetached({ program, args, cwd, log }) {
  const output = openSync(log, 'w');
  try {
    const child = spawn(program, args, {
      cwd,
      detached: true,
      windowsHide: true,
      stdio: ['ignore', output, output],
    });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    return { pid: child.pid, born: birthOf(child.pid), log };
  } finally {
    closeSync(output);
  }
}

export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return stateOf(pid) !== 'Z';
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** A process id alone is not enough: after a reboot it may belong to a stranger. */
export function isStillOurs({ pid, born }) {
  return isAlive(pid) && birthOf(pid) === born;
}

/** No patience with a long farewell: Neo4j takes ten seconds to save what the next start throws away. */
export async function stopProcess(process_) {
  if (!isStillOurs(process_)) return;
  send(process_.pid, 'SIGTERM');
  const patience = Date.now() + 1_000;
  while (isStillOurs(process_)) {
    if (Date.now() > patience) send(process_.pid, 'SIGKILL');
    await sleep(30);
  }
}

function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function birthOf(pid) {
  const fields = linuxFields(pid);
  if (fields) return fields[19];
  if (process.platform === 'win32') return null;
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

/** A server that died right after its start stays a zombie as long as this command lives. */
function stateOf(pid) {
  return linuxFields(pid)?.[0];
}

/** `/proc/<pid>/stat` from its third field on; the second, the program's name, may hold spaces. */
function linuxFields(pid) {
  if (process.platform !== 'linux') return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
