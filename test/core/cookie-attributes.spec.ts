import type { ServerResponse } from 'node:http';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import type { MfaMessage } from 'nestjs-mfa';
import { emailCode } from 'nestjs-mfa';

import { secretOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import type { TestApp } from '../support/test-app.js';
import { codeOf, halfSignIn } from '../support/test-app.js';
import { PAGES, PageAdapter, signedIn, startPageApp } from '../pages/support.js';

const messages: MfaMessage[] = [];

class SendingAdapter extends PageAdapter {
  override sendMessage(message: MfaMessage): void {
    messages.push(message);
  }
}

/** Every cookie that the module ever sets: its name, how many seconds it lives, where it is sent, and what other sites may send it with. */
const COOKIES: [name: string, lifetimes: number[], path: string, sameSite: string][] = [
  // A sign-in under way, the session, and signing out.
  ['__Host-mfa_session', [900, 43_200, 0], '/', 'Lax'],
  ['__Host-mfa_known', [31_536_000], '/', 'Lax'],
  ['__Host-mfa_trusted', [1_209_600], '/', 'Lax'],
  ['__Secure-mfa_totp_setup', [600], `${PAGES}/totp/add`, 'Lax'],
  ['__Secure-mfa_setup_email_code', [600], `${PAGES}/factors/email_code/add`, 'Lax'],
  ['__Secure-mfa_challenge', [600], `${PAGES}/authenticate`, 'Lax'],
  // Gone with the first look.
  ['__Secure-mfa_new_codes', [300, 0], `${PAGES}/recovery-codes/generate`, 'Strict'],
];

describe('every cookie that is set in production', () => {
  let test: TestApp;
  /** The lines of `Set-Cookie` of all answers. */
  const lines: string[] = [];

  beforeAll(async () => {
    test = await startInProduction({
      adapter: SendingAdapter,
      configure: (app: INestApplication) => {
        app.use((_request: unknown, response: ServerResponse, next: () => void) => {
          response.on('finish', () =>
            lines.push(...[response.getHeader('set-cookie') ?? []].flat().map(String)),
          );
          next();
        });
      },
      mfa: { factors: [emailCode()], trustedDevices: { enabled: true }, newSignIn: { enabled: true } },
    });
    await useEverything(test);
  });
  afterAll(() => test.close());

  it.each(COOKIES)(
    'is sent over https alone, and is out of reach for scripts: %s',
    (name, ages, path, sameSite) => {
      const attributes = lines
        .filter((line) => line.startsWith(`${name}=`))
        .map((line) => line.slice(line.indexOf(';') + 2));
      // Those that take it back too: a browser forgets nothing that has another path.
      const expected = ages.map(
        (age) => `Max-Age=${age}; Path=${path}; HttpOnly; Secure; SameSite=${sameSite}`,
      );
      expect(new Set(attributes)).toEqual(new Set(expected));
    },
  );

  it('is one of these', () => {
    const names = new Set(lines.map((line) => line.slice(0, line.indexOf('='))));
    expect([...names].sort()).toEqual(COOKIES.map(([name]) => name).sort());
  });

  it('is far below the 4096 bytes that browsers keep, also where nine users share a browser', () => {
    const pairs = lines.map((line) => line.slice(0, line.indexOf(';')));
    expect(Math.max(...pairs.map((pair) => pair.length))).toBeLessThan(1024);
    const trusting = pairs.filter((pair) => pair.startsWith('__Host-mfa_trusted='));
    expect(trusting.map((pair) => pair.split('.').length)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 8]);
  });
});

/** Starts it as in production; the helpers of the tests themselves refuse to work there. */
async function startInProduction(options: Parameters<typeof startPageApp>[0]): Promise<TestApp> {
  const before = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = 'production';
  try {
    return await startPageApp(options);
  } finally {
    process.env['NODE_ENV'] = before;
  }
}

/** Sets everything up on the pages, signs in with it in a browser that nine users trust, and out again. */
async function useEverything(test: TestApp): Promise<void> {
  const shared = PageClient.of(test.client());
  for (let user = 0; user < 9; user++) {
    const browser = await signedIn(test);
    const setup = await browser.get(`${PAGES}/totp/add`);
    const added = await browser.submit(
      `${PAGES}/totp/add`,
      { code: codeOf(secretOf(setup.text), test.clock) },
      setup,
    );
    await browser.get(PageClient.location(added));
    test.clock.advance(60);
    await shared.post('/login', { id: await idOf(browser) });
    const trusted = { code: codeOf(secretOf(setup.text), test.clock), trustDevice: 'on' };
    await shared.submit(`${PAGES}/authenticate`, trusted);
  }

  const mailed = await signedIn(test);
  await mailed.submit(`${PAGES}/factors/email_code/add`, { begin: '1' });
  await mailed.submit(`${PAGES}/factors/email_code/add`, { code: messages.at(-1)?.code ?? '' });
  const half = PageClient.of(await halfSignIn(test, { id: await idOf(mailed) }));
  await half.submit(`${PAGES}/authenticate`, { send: 'email_code' });
  await half.delete('/mfa/session');
}

async function idOf(browser: PageClient): Promise<string> {
  const { body } = await browser.get('/me', { accept: 'application/json' });
  return body.id as string;
}
