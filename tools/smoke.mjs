// Starts the built demo like `npm start`, signs in with TOTP, and stops it. Exits with 1 when anything differs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { generate } from 'otplib';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-smoke-'));
const port = 20_000 + (process.pid % 20_000);
const url = `http://localhost:${port}`;
const started = Date.now();

const demo = spawn('npm', ['start'], {
  cwd: root,
  env: { ...process.env, PORT: String(port), DATABASE_URL: `sqlite:${join(folder, 'demo.sqlite')}` },
  stdio: ['ignore', 'inherit', 'inherit'],
});

let cookie = '';
async function call(method, path, body) {
  const response = await fetch(url + path, {
    method,
    headers: { cookie, ...(body ? { 'content-type': 'application/json' } : {}) },
    body: body && JSON.stringify(body),
  });
  for (const set of response.headers.getSetCookie()) cookie = set.split(';')[0];
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : null };
}

async function untilItAnswers() {
  while (Date.now() - started < 30_000) {
    try {
      return await call('GET', '/me');
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  throw new Error('The demo did not answer within 30 seconds');
}

/** npm may exit a moment before the demo does. */
async function untilItStops() {
  for (let tried = 0; tried < 50; tried++) {
    try {
      await fetch(url);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('The demo still answers 5 seconds after SIGTERM');
}

const codeOf = (secret, steps) => generate({ secret, epoch: Math.floor(Date.now() / 1000) + steps * 30 });

try {
  assert.equal((await untilItAnswers()).status, 401);
  const answered = Date.now() - started;
  const credentials = { email: 'ada@example.com', password: 'correct horse battery' };
  assert.equal((await call('POST', '/auth/register', credentials)).status, 201);
  assert.equal((await call('POST', '/auth/login', credentials)).body.status, 'authenticated');
  assert.equal((await call('GET', '/reports')).body.code, 'mfa_enrollment_required');
  const { secret } = (await call('POST', '/mfa/totp')).body;
  assert.equal((await call('POST', '/mfa/totp/activate', { code: await codeOf(secret, 0) })).status, 201);
  assert.equal((await call('POST', '/auth/logout')).status, 204);
  assert.equal((await call('POST', '/auth/login', credentials)).body.status, 'mfa_required');
  assert.equal((await call('GET', '/reports')).status, 401);
  assert.equal((await call('POST', '/mfa/authenticate', { code: await codeOf(secret, 1) })).status, 200);
  assert.equal((await call('GET', '/reports')).status, 200);

  const page = await fetch(`${url}/reports`, { headers: { cookie, accept: 'text/html' } });
  assert.match(await page.text(), /<h1>Reports<\/h1>/);
  const security = await fetch(`${url}/account/security`, { headers: { cookie, accept: 'text/html' } });
  assert.match(await security.text(), /Two-factor authentication is on/);

  demo.kill('SIGTERM');
  await once(demo, 'exit');
  await untilItStops();
  process.stdout.write(
    `The demo answered after ${answered} ms, a sign-in with TOTP and two pages worked, and it stopped on SIGTERM.\n`,
  );
} finally {
  demo.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}
