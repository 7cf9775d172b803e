// Lays out what is published: one package a platform with its native module, and the root package that names them.
//
//   node scripts/platforms.mjs --out DIR [--modules DIR]
//
// `--modules` holds `preloop.<platform>.node` files, by default those in dist/. Each package is in a folder of DIR.

import { cpSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Platforms by the name that packages spell, with what npm calls their parts. */
const PLATFORMS = {
  'darwin-arm64': { os: 'darwin', cpu: 'arm64' },
  'darwin-x64': { os: 'darwin', cpu: 'x64' },
  'linux-arm64-gnu': { os: 'linux', cpu: 'arm64', libc: 'glibc' },
  'linux-arm64-musl': { os: 'linux', cpu: 'arm64', libc: 'musl' },
  'linux-x64-gnu': { os: 'linux', cpu: 'x64', libc: 'glibc' },
  'linux-x64-musl': { os: 'linux', cpu: 'x64', libc: 'musl' },
  'win32-arm64-msvc': { os: 'win32', cpu: 'arm64' },
  'win32-x64-msvc': { os: 'win32', cpu: 'x64' },
};

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values } = parseArgs({
  options: { out: { type: 'string' }, modules: { type: 'string', default: join(root, 'dist') } },
});
if (values.out === undefined) fail('say where with --out');
const out = resolve(values.out);

function fail(message) {
  console.error(`platforms: ${message}`);
  process.exit(1);
}

function write(folder, name, value) {
  writeFileSync(join(folder, name), typeof value === 'string' ? value : `${JSON.stringify(value, null, 2)}\n`);
}

const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const { version, license, repository, engines } = own;
const license_file = [join(root, 'LICENSE'), join(root, '..', 'LICENSE')].find((path) => existsSync(path));
const packages = {};

rmSync(out, { recursive: true, force: true });
for (const file of readdirSync(values.modules).filter((file) => file.endsWith('.node'))) {
  const platform = file.replace(/^preloop\.(.*)\.node$/, '$1');
  const parts = PLATFORMS[platform];
  if (parts === undefined) fail(`\`${file}\` is of no platform that is known`);
  const name = `preloop-engine-${platform}`;
  const folder = join(out, name);
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(values.modules, file), join(folder, file));
  if (license_file !== undefined) copyFileSync(license_file, join(folder, 'LICENSE'));
  const { os, cpu, libc } = parts;
  write(folder, 'package.json', {
    name,
    version,
    description: `The native module of preloop-engine for ${platform}.`,
    license,
    repository,
    engines,
    main: file,
    files: [file, 'LICENSE'],
    os: [os],
    cpu: [cpu],
    ...(libc === undefined ? {} : { libc: [libc] }),
  });
  write(folder, 'README.md', `# ${name}\n\nThe native module of \`preloop-engine\` for ${platform}. Install \`preloop-engine\`.\n`);
  packages[name] = version;
}
if (Object.keys(packages).length === 0) fail(`there is no native module in \`${values.modules}\``);

const folder = join(out, own.name);
mkdirSync(folder, { recursive: true });
cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true, filter: (path) => !path.endsWith('.node') });
copyFileSync(join(root, 'README.md'), join(folder, 'README.md'));
if (license_file !== undefined) copyFileSync(license_file, join(folder, 'LICENSE'));
const { scripts, devDependencies, ...published } = own;
write(folder, 'package.json', { ...published, optionalDependencies: packages });
console.log(Object.keys(packages).concat(own.name).join('\n'));
