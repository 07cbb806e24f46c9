// Takes the README's screenshots: the built demo's pages in Chromium (CHROMIUM_PATH), in light mode. Run
// `npm run build` first.
import { spawn } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { chromium } from 'playwright-core';

import { ROOT } from './support/built.mjs';
import { codeOf } from './support/client.mjs';

/** The maximum size of a picture in bytes: the package includes them too. */
const BIGGEST = 60_000;
const FOLDER = join(ROOT, 'docs/images');
const port = 20_000 + (process.pid % 20_000);
const url = `http://localhost:${port}`;
const credentials = { email: 'ada@example.com', password: 'correct horse battery' };

async function untilItAnswers() {
  for (let tried = 0; tried < 300; tried++) {
    const answer = await fetch(url).catch(() => wait(200));
    if (answer) return;
  }
  throw new Error('The demo does not answer');
}

/** Posts JSON like the page's own script. */
async function post(page, path, data) {
  const answer = await page.request.post(url + path, { data, headers: { origin: url } });
  const body = await answer.text();
  if (!answer.ok()) throw new Error(`${path}: ${body}`);
  return body === '' ? {} : JSON.parse(body);
}

/** Adds a device that stores passkeys, through the DevTools protocol. */
async function addDevice(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  await session.send('WebAuthn.addVirtualAuthenticator', { options });
}

async function take(page, name, heading) {
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  const path = join(FOLDER, `${name}.png`);
  await page.screenshot({ path });
  const { size } = statSync(path);
  process.stdout.write(`${name}: ${size} bytes of at most ${BIGGEST}\n`);
  if (size > BIGGEST) throw new Error(`The picture ${name} is too big`);
}

async function takeAll(browser) {
  const context = await browser.newContext({ colorScheme: 'light', viewport: { width: 560, height: 720 } });
  const page = await context.newPage();
  await addDevice(page);
  await post(page, '/auth/register', credentials);
  await post(page, '/auth/login', credentials);
  const { secret } = await post(page, '/mfa/totp');
  const codeIn = (seconds) => codeOf(secret, { time: Date.now() + seconds * 1000 });
  await post(page, '/mfa/totp/activate', { code: codeIn(0), name: 'Phone' });

  await page.goto(`${url}/account/security/webauthn/add`);
  await page.getByLabel('Name (optional)').fill('Laptop');
  await page
    .getByRole('button')
    .filter({ hasText: /add|register|create/i })
    .first()
    .click();
  await page.waitForURL((at) => !at.pathname.endsWith('/webauthn/add'));
  await page.goto(`${url}/account/security`);
  await take(page, 'account-security', 'Account security');

  await post(page, '/auth/logout');
  await post(page, '/auth/login', credentials);
  await page.goto(`${url}/account/security/authenticate`);
  await take(page, 'sign-in', /./);
}

mkdirSync(FOLDER, { recursive: true });
const demo = spawn(process.execPath, ['apps/demo/dist/main.js'], {
  cwd: ROOT,
  env: { ...process.env, NODE_ENV: 'development', PORT: String(port), DATABASE_URL: 'sqlite::memory:' },
  stdio: ['ignore', 'ignore', 'inherit'],
});
try {
  await untilItAnswers();
  const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    await takeAll(browser);
  } finally {
    await browser.close();
  }
} finally {
  demo.kill('SIGTERM');
}
