// Runs the first screen of the README, word for word, in the output of `nest new`: installs, compiles under `strict`,
// starts, signs in.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ROOT } from '../support/built.mjs';
import { Client, codeOf } from '../support/client.mjs';
import { copyAddon, copyStarter } from './application.mjs';
import { run } from './run.mjs';
import { withServer } from './server.mjs';

const MODULE = 'src/app.module.ts';

/**
 * Reads the code blocks before the first heading.
 *
 * @returns the shell commands and the module
 */
function readFirstScreen() {
  const [screen] = readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n## ');
  const [, shell] = /```sh\n([^]*?)```/.exec(screen) ?? [];
  const [, code] = /```ts\n([^]*?)```/.exec(screen) ?? [];
  assert.ok(shell && code?.startsWith(`// ${MODULE}`), 'The README no longer has its first screen');
  const [install, ...lines] = shell.trim().split('\n');
  assert.match(install, /^npm install nestjs-mfa /);
  return { install, lines, code };
}

/**
 * The README's packages, with the tarball in place of the package that isn't on npm, and the version it gives for
 * NestJS 11.
 */
function packagesOf(install, { nest }, tarball) {
  return install
    .split(' ')
    .slice(2)
    .map((name) => (name === 'nestjs-mfa' ? tarball : name))
    .map((name) => (nest === 11 && name === '@nestjs/typeorm' ? '@nestjs/typeorm@11' : name));
}

export async function tryFirstScreen(column, { folder, env, tarball }) {
  const application = join(folder, column.name);
  const inside = { cwd: application, env };
  const { install, lines, code } = readFirstScreen();
  await copyStarter(column, { folder, application });
  const quietly = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'];
  await run('npm', ['install', ...quietly, ...packagesOf(install, column, tarball)], inside);
  copyAddon(application);
  for (const line of lines) await run('sh', ['-c', line], inside);
  writeFileSync(join(application, MODULE), code);

  await run('npm', ['run', 'build'], inside);
  await run('npm', ['test'], inside);
  const copies = (await run('npm', ['ls', 'typeorm', '--parseable'], inside)).match(
    /node_modules.typeorm$/gm,
  );
  assert.equal(copies?.length, 1, 'More than one copy of TypeORM');
  // Without NODE_ENV, which the file `.env` sets.
  const { NODE_ENV: _, ...bare } = env;
  await withServer({ application, env: bare, words: ['dist/main.js'] }, signIn);
}

async function signIn(url, printed) {
  const client = new Client(url, { accept: 'text/html' });
  const status = async (asked, expected) => {
    const { status: got, body } = await asked;
    assert.equal(got, expected, JSON.stringify(body));
    return body;
  };
  await status(client.get('/'), 303);
  assert.match(await status(client.get('/login'), 200), /<form/);
  const typed = { email: 'ada@example.com' };
  await status(client.post('/login', typed), 302);
  await status(client.get('/'), 303);
  await status(client.get('/account/security/enrol'), 200);
  const { secret } = await status(client.post('/mfa/totp'), 201);
  const codeIn = (seconds) => ({ code: codeOf(secret, { time: Date.now() + seconds * 1000 }) });
  await status(client.post('/mfa/totp/activate', codeIn(0)), 201);
  assert.equal(await status(client.get('/'), 200), 'You have proven a second factor.');

  await status(client.delete('/mfa/session'), 204);
  await status(client.post('/login', typed), 302);
  await status(client.get('/'), 303);
  await status(client.get('/account/security/authenticate'), 200);
  await status(client.post('/mfa/authenticate', codeIn(30)), 200);
  assert.equal(await status(client.get('/'), 200), 'You have proven a second factor.');
  assert.doesNotMatch(printed(), /warn/i, 'The application warned');
}
