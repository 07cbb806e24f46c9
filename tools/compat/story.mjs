// A user's experience with the application, over HTTP.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { Client, codeOf } from '../support/client.mjs';
import { run } from './run.mjs';
import { withServer } from './server.mjs';

/** A warning of the latest `pg` about TypeORM 0.3.23's own queries when it reads the schema. */
const OF_TYPEORM =
  /\(node:\d+\) DeprecationWarning: Calling client\.query\(\) when the client is already executing .*\n\(Use `node --trace-deprecation.*\n/;

/** Sign-in, setup, second factor, recovery code, a page, and the CLI. */
export function tell({ application, env, words, bin }) {
  return withServer({ application, env, words }, async (url, printed) => {
    await signInAndOut(new Client(url));
    await runCommandLine({ application, env, bin });
    assert.doesNotMatch(printed().replace(OF_TYPEORM, ''), /warn/i, 'The application warned');
  });
}

/** The CLI finds the user that the application created: both share the same classes and tables. */
async function runCommandLine({ application, env, bin }) {
  const root = 'dist/app.module.js';
  // In a bundle, commands can't reach the root module.
  if (!existsSync(join(application, root))) return;
  const words = [bin, '--app', root, 'status', 'ada@example.com'];
  const printed = await run('node', words, { cwd: application, env });
  const status = printed.slice(printed.indexOf('{'), printed.lastIndexOf('}') + 1);
  assert.equal(JSON.parse(status).enabled, true, printed);
}

async function signInAndOut(client) {
  const credentials = { email: 'ada@example.com', password: 'correct horse battery' };
  const expect = async (asked, status, part = {}) => {
    const { status: got, body } = await asked;
    assert.equal(got, status, JSON.stringify(body));
    for (const [key, value] of Object.entries(part)) assert.deepEqual(body[key], value);
    return body;
  };
  const signIn = (status) => expect(client.post('/auth/login', credentials), 200, { status });
  const signOut = () => expect(client.delete('/mfa/session'), 204);

  await expect(client.get('/reports'), 401);
  await expect(client.post('/auth/register', credentials), 201);
  await signIn('authenticated');
  await expect(client.get('/reports'), 403, { code: 'mfa_enrollment_required' });
  await expect(client.post('/mfa/totp/activate', { code: 'no code' }), 400, { code: 'invalid_request' });
  const { secret } = await expect(client.post('/mfa/totp'), 201);
  const codeIn = (seconds) => ({ code: codeOf(secret, { time: Date.now() + seconds * 1000 }) });
  const { recoveryCodes } = await expect(client.post('/mfa/totp/activate', codeIn(0)), 201);
  await expect(client.get('/reports'), 200, { subpaths: ['function', 'function', 'function'] });

  await signOut();
  await signIn('mfa_required');
  await expect(client.get('/reports'), 401);
  await expect(client.get('/me'), 401);
  await expect(client.post('/mfa/authenticate', codeIn(30)), 200);
  await expect(client.get('/reports'), 200);
  await expect(client.get('/me'), 200, { id: credentials.email });

  await signOut();
  await signIn('mfa_required');
  await expect(client.post('/mfa/authenticate', { code: recoveryCodes[0] }), 200);
  await expect(client.get('/reports'), 200);
  await signOut();
  await signIn('mfa_required');
  await expect(client.post('/mfa/authenticate', { code: recoveryCodes[0] }), 400);
  await expect(client.post('/mfa/authenticate', { code: recoveryCodes[1] }), 200);

  await lookAtPages(client);
}

/** Loads a page with its style sheet and script. */
async function lookAtPages(client) {
  const page = await client.get('/account/security');
  assert.equal(page.status, 200);
  assert.match(page.body, /^<!doctype html>/);
  const assets = [...page.body.matchAll(/(?:href|src)="([^"]*\/assets\/[^"]+)"/g)].map(([, path]) => path);
  assert.equal(assets.length, 2, page.body);
  for (const path of assets) {
    const { status, body } = await client.get(path.replaceAll('&amp;', '&'));
    assert.equal(status, 200);
    assert.ok(body.length > 1000);
  }
}
