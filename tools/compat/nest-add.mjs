// Runs `nest add nestjs-mfa` in the output of `nest new --strict`: builds, tests, starts, signs in.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Client, codeOf } from '../support/client.mjs';
import { copyAddon, copyStarter } from './application.mjs';
import { run } from './run.mjs';
import { withServer } from './server.mjs';

/** What is left to the application: identifying users, and content behind a second factor. */
const CONTROLLER = `import { Body, Controller, Get, Post, Req, Res } from '@nestjs/common';
import { MfaService, RequireMfa } from 'nestjs-mfa';

@Controller()
export class AppController {
  constructor(private readonly mfa: MfaService) {}

  @Post('login')
  login(@Body('id') id: string, @Req() request: object, @Res({ passthrough: true }) response: object) {
    return this.mfa.login({ id }, { request, response });
  }

  @Get('reports')
  @RequireMfa()
  reports() {
    return 'reports';
  }
}
`;

const QUIETLY = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'];
const WRITTEN = ['src/app.module.ts', '.env', '.gitignore', 'package.json', 'test/mfa.e2e-spec.ts'];

export async function tryNestAdd(column, { folder, env: { NODE_ENV: _, ...env }, tarball }) {
  const application = join(folder, column.name);
  // Without NODE_ENV and a secret: `.env` sets both, and test runners set the former.
  const inside = { cwd: application, env };
  // The package isn't on npm, so it is installed beforehand, and only its schematic is tried.
  const add = () => run('npx', ['nest', 'add', 'nestjs-mfa', '--skip-install'], inside);
  const read = () => WRITTEN.map((name) => readFileSync(join(application, name), 'utf8'));

  await copyStarter(column, { folder, application });
  await run('npm', ['install', ...QUIETLY, tarball], inside);
  assert.doesNotMatch(await add(), /by hand:[^]*root module/);
  const written = read();
  assert.match(await add(), /Nothing to be done/);
  assert.deepEqual(read(), written, 'The second run has changed what the first one wrote');

  await run('npm', ['install', ...QUIETLY], inside);
  copyAddon(application);
  await run('npm', ['run', 'build'], inside);
  await run('npm', ['test'], inside);
  await run('npm', ['run', 'test:e2e'], inside);

  for (const name of ['app.controller.ts', 'app.controller.spec.ts'])
    writeFileSync(join(application, 'src', name), name.includes('spec') ? 'export {};\n' : CONTROLLER);
  await run('npm', ['run', 'build'], inside);
  await withServer({ application, env, words: ['dist/main.js'] }, signIn);
}

async function signIn(url, printed) {
  const client = new Client(url);
  const expect = async (asked, status) => {
    const { status: got, body } = await asked;
    assert.equal(got, status, JSON.stringify(body));
    return body;
  };
  await expect(client.post('/login', { id: 'ada' }), 201);
  await expect(client.get('/reports'), 403);
  const { secret } = await expect(client.post('/mfa/totp'), 201);
  const codeIn = (seconds) => ({ code: codeOf(secret, { time: Date.now() + seconds * 1000 }) });
  await expect(client.post('/mfa/totp/activate', codeIn(0)), 201);
  await expect(client.get('/account/security'), 200);
  await expect(client.delete('/mfa/session'), 204);
  await expect(client.post('/login', { id: 'ada' }), 201);
  await expect(client.get('/reports'), 401);
  await expect(client.post('/mfa/authenticate', codeIn(30)), 200);
  await expect(client.get('/reports'), 200);
  assert.doesNotMatch(printed(), /warn/i, 'The application warned');
}
