// Runs the library's own tests on NestJS 11 and TypeORM 0.3, in a copy of the repository that installs these instead of
// the latest.
//
//     node tools/suite-on-nest11.mjs [--keep] [arguments of Jest]
//
// `--keep` keeps the copy and reuses that of the last run, including its packages: for debugging.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { copyTree } from './support/copy-tree.mjs';

/** Versions for NestJS 11 of packages that are versioned differently. */
const VERSIONS = {
  '@nestjs/apollo': '^13.4.5',
  '@nestjs/graphql': '^13.4.5',
  '@nestjs/config': '^4.0.4',
  '@nestjs/event-emitter': '^3.1.0',
  '@nestjs/schedule': '^6.1.3',
  '@nestjs/throttler': '^6.7.1',
  typeorm: '^0.3.23',
};
const LISTS = ['dependencies', 'devDependencies'];

const copy = join(tmpdir(), 'nestjs-mfa-on-nest11');
const words = process.argv.slice(2).filter((word) => word !== '--keep');
const isKept = process.argv.includes('--keep');
const run = (command, ...args) => execFileSync(command, args, { cwd: copy, stdio: 'inherit' });

function takeNest11() {
  for (const file of [
    'package.json',
    'libs/mfa/package.json',
    'apps/demo/package.json',
    'apps/resource-server/package.json',
  ]) {
    const manifest = JSON.parse(readFileSync(join(copy, file), 'utf8'));
    for (const list of LISTS) {
      for (const name of Object.keys(manifest[list] ?? {})) {
        if (name in VERSIONS || name.startsWith('@nestjs/'))
          manifest[list][name] = VERSIONS[name] ?? '^11.0.1';
      }
    }
    // A single copy, even if other packages would get the latest.
    if (file === 'package.json') manifest.overrides = { ...manifest.overrides, typeorm: VERSIONS.typeorm };
    writeFileSync(join(copy, file), JSON.stringify(manifest, null, 2));
  }
}

function versionOf(name) {
  return JSON.parse(readFileSync(join(copy, 'node_modules', name, 'package.json'), 'utf8')).version;
}

if (!isKept) rmSync(copy, { recursive: true, force: true });
const isInstalled = existsSync(join(copy, 'node_modules'));
try {
  copyTree(copy);
  // It locks the latest versions.
  rmSync(join(copy, 'package-lock.json'), { force: true });
  takeNest11();
  if (!isInstalled) run('npm', 'install', '--no-audit', '--no-fund', '--no-package-lock');
  process.stdout.write(`NestJS ${versionOf('@nestjs/core')}, TypeORM ${versionOf('typeorm')}\n`);
  run('npm', 'test', '--', ...words);
} finally {
  if (!isKept) rmSync(copy, { recursive: true, force: true });
}
