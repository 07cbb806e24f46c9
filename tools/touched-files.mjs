// Counts the library files that run during one request, using V8's coverage, and checks a limit. Needs a build.
import 'reflect-metadata';

import { Session } from 'node:inspector/promises';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { MFA_CLOCK, MfaModule } from 'nestjs-mfa';

import { LoginController, QuietAdapter } from './support/application.mjs';
import { Client, codeOf } from './support/client.mjs';

const DIST = resolve(import.meta.dirname, '../libs/mfa/dist');
const BOUNDS = { 'a right TOTP at sign-in': 44, 'a form of a page': 50 };
const verbose = process.argv.includes('--list');

class AppModule {}
Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'better-sqlite3',
      database: ':memory:',
      autoLoadEntities: true,
      synchronize: true,
    }),
    MfaModule.forRoot({
      secret: 'a secret of at least thirty-two bytes, for measuring',
      adapter: QuietAdapter,
      pages: true,
      retention: { everySeconds: 0 },
      rateLimit: { attempts: 1000 },
    }),
  ],
  controllers: [LoginController],
})(AppModule);

process.env.NODE_ENV = 'development';
const app = await NestFactory.create(AppModule, { logger: ['error'] });
const clock = app.get(MFA_CLOCK);
let ahead = 0;
const realNow = clock.now.bind(clock);
clock.now = () => realNow() + ahead;
await app.listen(0, '127.0.0.1');
const url = await app.getUrl();

const inspector = new Session();
inspector.connect();
await inspector.post('Profiler.enable');
await inspector.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

/** The library files in which a function runs during `work`. */
async function touchedBy(work) {
  await inspector.post('Profiler.takePreciseCoverage');
  await work();
  const { result } = await inspector.post('Profiler.takePreciseCoverage');
  return result
    .filter(({ url }) => url.startsWith('file:') && fileURLToPath(url).startsWith(DIST))
    .filter(({ functions }) => functions.some(({ ranges: [range] }) => range.count > 0))
    .map(({ url }) => relative(DIST, fileURLToPath(url)))
    .sort();
}

const user = { id: 'ada' };
async function halfSignIn() {
  const client = new Client(url);
  await client.post('/login', user);
  return client;
}
const first = await halfSignIn();
const { secret } = (await first.post('/mfa/totp')).body;
const nextCode = () => {
  ahead += 60_000;
  return codeOf(secret, { time: clock.now() });
};
await first.post('/mfa/totp/activate', { code: nextCode() });

const tokenIn = (html) => /name="_csrf" value="([^"]+)"/.exec(html)[1];
/** Submits the form of the page `authenticate` like a browser. */
async function sendForm(client) {
  const page = await client.send('GET', '/account/security/authenticate');
  const body = new URLSearchParams({ _csrf: tokenIn(page.body), code: nextCode() });
  return async () => {
    const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await fetch(`${url}/account/security/authenticate`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie, 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0', accept: 'text/html' },
      body,
    });
    if (answer.status !== 303) throw new Error(`The form was answered with ${answer.status}`);
  };
}

const requests = {
  'a right TOTP at sign-in': async () => {
    const client = await halfSignIn();
    const code = nextCode();
    return async () => {
      const { status } = await client.post('/mfa/authenticate', { code });
      if (status !== 200) throw new Error(`The code was answered with ${status}`);
    };
  },
  'a form of a page': async () => sendForm(await halfSignIn()),
};

for (const [name, prepare] of Object.entries(requests)) {
  // Run once beforehand, so that lazy initialization is done.
  await (
    await prepare()
  )();
  const request = await prepare();
  const files = await touchedBy(request);
  console.log(`${name}: ${files.length} files of the library (at most ${BOUNDS[name]})`);
  if (verbose) console.log(files.map((file) => `  ${file}`).join('\n'));
  if (files.length > BOUNDS[name]) process.exitCode = 1;
}
await app.close();
