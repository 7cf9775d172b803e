// Builds the package: the native module with cargo, then the TypeScript.
//
//   node scripts/build.mjs [--profile PROFILE] [--manifest-path CARGO_TOML] [--target TRIPLE]
//
// The default profile is bindings, which the package ships with. In a clone the manifest is beside this folder's parent; elsewhere it is given.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: {
    profile: { type: 'string', default: 'bindings' },
    'manifest-path': { type: 'string', default: join(root, 'Cargo.toml') },
    target: { type: 'string' },
  },
});

/** Runs a program; its output is the user's. */
function run(program, parameters, options = {}) {
  const done = spawnSync(program, parameters, { stdio: 'inherit', cwd: root, encoding: 'utf8', ...options });
  if (done.error) {
    const help = program === 'cargo' ? '; install Rust with rustup' : '';
    console.error(`build: \`${program}\` could not be started: ${done.error.message}${help}`);
    process.exit(1);
  }
  if (done.status !== 0) process.exit(done.status ?? 1);
  return done.stdout;
}

/** The platform's name as packages spell it; the loader in lib/native.cts has the same. */
function platform() {
  const name = `${process.platform}-${process.arch}`;
  if (process.platform === 'win32') return `${name}-msvc`;
  if (process.platform !== 'linux') return name;
  return `${name}-${process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'gnu'}`;
}

const parameters = ['build', '--package', 'preloop-node', '--lib', '--locked', '--profile', values.profile];
parameters.push('--manifest-path', values['manifest-path'], '--message-format', 'json-render-diagnostics');
if (values.target !== undefined) parameters.push('--target', values.target);
const messages = run('cargo', parameters, { stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 28 });
const library = messages
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line))
  .filter((message) => message.reason === 'compiler-artifact' && message.target.name === 'preloop_node')
  .flatMap((message) => message.filenames)
  .find((file) => /\.(so|dylib|dll)$/.test(file));
if (library === undefined) {
  console.error('build: cargo made no library');
  process.exit(1);
}

const dist = join(root, 'dist');
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
copyFileSync(library, join(dist, `preloop.${platform()}.node`));
run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '--project', root]);
