import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RecoveryCodesService, TotpService } from 'nestjs-mfa';

import type { TestApp } from '../support/test-app.js';
import { codeOf, enroll, halfSignIn, newUserId, startTestApp } from '../support/test-app.js';

/** The digits of a code in another script, by the character of its zero. */
const inScript = (zero: string) => (code: string) =>
  code.replace(/\d/g, (digit) => String.fromCodePoint((zero.codePointAt(0) as number) + Number(digit)));

/** What keyboards, clipboards and password managers make of a code. */
const WAYS: [name: string, type: (code: string) => string][] = [
  ['full-width digits', inScript('０')],
  ['Arabic-Indic digits', inScript('٠')],
  ['Persian digits', inScript('۰')],
  ['Devanagari digits', inScript('०')],
  ['Bengali digits', inScript('০')],
  ['a line break at the end', (code) => `${code}\r\n`],
  ['a dash in the middle', (code) => `${code.slice(0, 3)}-${code.slice(3)}`],
  ['an en dash and no-break spaces', (code) => `\u00a0${code.slice(0, 3)}\u00a0–\u00a0${code.slice(3)}`],
  ['invisible characters around it', (code) => `\u200e\ufeff${code}\u200b`],
];

describe.each(WAYS)('a code with %s', (_, type) => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(() => test.close());

  it('sets an authenticator app up and signs in, once', async () => {
    const id = newUserId();
    const client = test.client();
    await client.post('/login', { id });
    const { secret } = (await client.post('/mfa/totp')).body;
    const activated = await client.post('/mfa/totp/activate', { code: type(codeOf(secret, test.clock)) });
    expect(activated.status).toBe(201);

    test.clock.advance(60);
    const half = await halfSignIn(test, { id });
    const code = codeOf(secret, test.clock);
    expect((await half.post('/mfa/authenticate', { code: type(code) })).body.status).toBe('authenticated');
    // It is the same code: written another way it is used as well.
    const again = await halfSignIn(test, { id });
    const replayed = await again.post('/mfa/authenticate', { code });
    expect([replayed.status, replayed.body.code]).toEqual([400, 'incorrect_code']);

    const [recoveryCode = ''] = activated.body.recoveryCodes;
    expect((await again.post('/mfa/authenticate', { code: type(recoveryCode) })).status).toBe(200);
    const used = await (await halfSignIn(test, { id })).post('/mfa/authenticate', { code: recoveryCode });
    expect([used.status, used.body.code]).toEqual([400, 'incorrect_code']);
  });

  it('is wrong when its digits are', async () => {
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    const right = codeOf(user.secret, test.clock);
    const wrong = String((Number(right) + 1) % 1_000_000).padStart(6, '0');
    const answer = await half.post('/mfa/authenticate', { code: type(wrong) });
    expect([answer.status, answer.body.code]).toEqual([400, 'incorrect_code']);
  });

  it('is taken by the services too', async () => {
    const { id, secret, recoveryCodes } = await enroll(test);
    const totp = test.app.get(TotpService);
    expect(await totp.validateToken({ id }, type(codeOf(secret, test.clock)))).toBe(true);
    expect(await totp.validateToken({ id }, codeOf(secret, test.clock))).toBe(false);
    const codes = test.app.get(RecoveryCodesService);
    expect(await codes.validate({ id }, type(recoveryCodes[1] ?? ''))).toBe(true);
    expect(await codes.validate({ id }, recoveryCodes[1] ?? '')).toBe(false);
  });
});
