// What scripts write into the repository: written, or with `--check` compared with what is committed.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import { root } from './tools.mjs';

/** Writes `text`, formatted as the rest of the repository is. `again` is the command that writes it. */
export function writeGenerated(path, text, again) {
  const wanted = /\.(?:[cm]?[jt]s|json)$/.test(path) ? formatted(path, text) : text;
  if (!process.argv.includes('--check')) {
    writeFileSync(path, wanted);
  } else if (readFileSync(path, 'utf8') !== wanted) {
    console.error(`${relative(root, path)} is stale: run \`${again}\`.`);
    process.exitCode = 1;
  }
}

function formatted(path, text) {
  const program = join(root, 'node_modules/.bin/oxfmt');
  const { status, stdout, stderr, error } = spawnSync(program, [`--stdin-filepath=${path}`], {
    cwd: root,
    input: text,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw error ?? new Error(`oxfmt: ${stderr}`);
  return stdout;
}
