import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaErrorCode, MfaLocaleTexts, MfaRefusalReason, MfaUser, DefaultMfaAdapter } from 'nestjs-mfa';
import { ENGLISH, GERMAN, MFA_ADAPTER, MFA_ERRORS } from 'nestjs-mfa';

import { textOf } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import type { TestApp } from '../support/test-app.js';
import {
  RELYING_PARTY,
  TestAdapter,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
} from '../support/test-app.js';

const FRENCH: MfaLocaleTexts = {
  ...ENGLISH,
  locale: 'fr',
  errors: {
    ...ENGLISH.errors,
    incorrect_code: 'Code incorrect.',
    unauthenticated: 'Vous n’êtes pas connecté.',
  },
};
const CODES = Object.keys(MFA_ERRORS) as MfaErrorCode[];

describe('error messages', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      mfa: { locales: ['en', 'de', FRENCH], webauthn: RELYING_PARTY, rateLimit: { attempts: 3 } },
    });
  });
  afterAll(() => test.close());

  it.each([
    ['de', GERMAN],
    ['de-AT', GERMAN],
    ['de-AT, en;q=0.9', GERMAN],
    ['en;q=0.3, de;q=0.7', GERMAN],
    ['it, de;q=0.1', GERMAN],
    ['en;q=0, fr;q=0, *', GERMAN],
    ['fr-CH', FRENCH],
    ['en, de', ENGLISH],
    ['*', ENGLISH],
    ['it', ENGLISH],
    ['', ENGLISH],
    [';;q=,,', ENGLISH],
    ['__proto__', ENGLISH],
  ])('follow Accept-Language: %s', async (header, { errors }) => {
    const { status, body } = await test.client({ 'accept-language': header }).get('/mfa/status');
    expect([status, body]).toEqual([
      401,
      { statusCode: 401, error: 'Unauthorized', code: 'unauthenticated', message: errors.unauthenticated },
    ]);
  });

  it('are found in a header of many languages, or of none', async () => {
    for (const [header, { errors }] of [
      [`${'it;q=0.5,'.repeat(1000)}de`, GERMAN],
      [','.repeat(8000), ENGLISH],
    ] as const) {
      const { body } = await test.client({ 'accept-language': header }).get('/mfa/status');
      expect(body.message).toBe(errors.unauthenticated);
    }
  });

  it('are English without a header', async () => {
    // The client of the tests sends `*` of its own accord, as fetch does.
    const adapter = test.app.get<DefaultMfaAdapter>(MFA_ADAPTER);
    for (const code of CODES) {
      expect(await adapter.getErrorMessage(code, { headers: {} })).toBe(MFA_ERRORS[code].message);
      expect(await adapter.getErrorMessage(code)).toBe(MFA_ERRORS[code].message);
    }
  });

  it('are there in German for every code', async () => {
    const adapter = test.app.get<DefaultMfaAdapter>(MFA_ADAPTER);
    for (const code of CODES) {
      const request = { headers: { 'accept-language': 'de' } };
      expect(await adapter.getErrorMessage(code, request)).toBe(GERMAN.errors[code]);
    }
  });

  it('are German from the guard and on the module’s routes', async () => {
    const german = (client = test.client()) =>
      Object.assign(client, { headers: { 'accept-language': 'de' } });
    const user = await enroll(test);
    const fresh = german();
    await fresh.post('/login', { id: newUserId() });
    const half = german(await halfSignIn(test, user));
    const dead = german();
    dead.cookies.set('mfa_session', 'A'.repeat(43));
    const owner = german(user.client);
    const answers = [
      await test.client({ 'accept-language': 'de' }).get('/protected'),
      await half.get('/protected'),
      await fresh.get('/protected'),
      await german().get('/mfa/authenticators'),
      await dead.get('/mfa/status'),
      await half.post('/mfa/authenticate', { code: '000000' }),
      await owner.delete('/mfa/authenticators/00000000-0000-4000-8000-000000000000'),
      await owner.post('/mfa/totp'),
      await fresh.post('/mfa/totp/activate', { code: '000000' }),
      await fresh.post('/mfa/recovery-codes'),
      await owner.post('/email'),
      await owner.post('/mfa/totp', {}, { origin: 'https://evil.example' }),
      await half.post('/mfa/authenticate/webauthn', { credential: {} }),
      ...(await Promise.all(
        Array.from({ length: 4 }, () => half.post('/mfa/authenticate', { code: '111111' })),
      )),
    ];
    const codes = answers.map(({ body }) => body.code as MfaErrorCode);
    // What is wrong with a body is told in the words of the validator, in a list.
    const messages = answers.map(({ body }) =>
      Array.isArray(body.message) && body.code === 'invalid_request' ? null : body.message,
    );
    expect(messages).toEqual(codes.map((code) => (code === 'invalid_request' ? null : GERMAN.errors[code])));
    expect(codes).toEqual(
      expect.arrayContaining([
        'unauthenticated',
        'session_expired',
        'incorrect_code',
        'not_found',
        'already_enabled',
        'no_pending_setup',
        'cannot_generate_recovery_codes',
        'add_email_blocked',
        'cross_origin',
        'too_many_attempts',
        'mfa_enrollment_required',
      ]),
    );
  });

  it('follow the user’s own language before that of the request', async () => {
    const adapter = test.app.get<DefaultMfaAdapter>(MFA_ADAPTER);
    const request = (user: MfaUser | null) => ({ headers: { 'accept-language': 'fr' }, user });
    expect(await adapter.getErrorMessage('incorrect_code', request({ id: 1, locale: 'de' }))).toBe(
      'Falscher Code.',
    );
    expect(await adapter.getErrorMessage('incorrect_code', request({ id: 1 }))).toBe('Code incorrect.');
    expect(await adapter.getErrorMessage('incorrect_code', request({ id: 1, locale: null }))).toBe(
      'Code incorrect.',
    );
    expect(await adapter.getErrorMessage('incorrect_code', request(null))).toBe('Code incorrect.');
    expect(adapter.getLocale({ id: 1, locale: 'de' }, request(null))).toBe('de');
    // Behind MfaSessionGuard `request.user` is there.
    const { client } = await enroll(test, { locale: 'de' });
    client.headers['accept-language'] = 'fr';
    expect((await client.post('/email')).body.message).toBe(GERMAN.errors.add_email_blocked);
  });

  it('follow the language of the session’s user where nothing else says who it is', async () => {
    const user = await enroll(test, { locale: 'de' });
    user.client.headers['accept-language'] = 'fr';
    expect((await user.client.post('/mfa/totp')).body).toMatchObject({
      code: 'already_enabled',
      message: GERMAN.errors.already_enabled,
    });
    test.clock.advance(301);
    expect((await user.client.get('/protected')).body).toMatchObject({
      code: 'mfa_required',
      message: GERMAN.errors.mfa_required,
    });
    const half = await halfSignIn(test, user);
    half.headers['accept-language'] = 'fr';
    expect((await half.post('/mfa/authenticate', { code: '000000' })).body.message).toBe(
      GERMAN.errors.incorrect_code,
    );
    // Whoever is nobody is spoken to in the language of the request.
    expect((await half.get('/mfa/authenticators')).body.message).toBe(FRENCH.errors.unauthenticated);
  });
});

describe('the languages of an application', () => {
  it('begin with its own first one', async () => {
    const test = await startTestApp({ mfa: { locales: ['de', 'en'] } });
    expect((await test.client({ 'accept-language': 'it' }).get('/mfa/status')).body.message).toBe(
      GERMAN.errors.unauthenticated,
    );
    expect((await test.client({ 'accept-language': 'en' }).get('/mfa/status')).body.message).toBe(
      ENGLISH.errors.unauthenticated,
    );
    await test.close();
  });

  it('are English alone by default', async () => {
    const test = await startTestApp();
    expect((await test.client({ 'accept-language': 'de' }).get('/mfa/status')).body.message).toBe(
      ENGLISH.errors.unauthenticated,
    );
    await test.close();
  });

  it('give way to the texts of the adapter, in every language', async () => {
    class Own extends TestAdapter {
      override errorMessages = { incorrect_code: 'Nope.' };
    }
    const test = await startTestApp({ adapter: Own, mfa: { locales: ['en', 'de'] } });
    const half = await halfSignIn(test, await enroll(test));
    for (const [language, texts] of [
      ['de', GERMAN],
      ['en', ENGLISH],
    ] as const) {
      half.headers['accept-language'] = language;
      expect((await half.post('/mfa/authenticate', { code: '000000' })).body.message).toBe('Nope.');
      expect((await half.post('/mfa/totp')).body.message).toBe(texts.errors.unauthenticated);
    }
    await test.close();
  });

  it('are what the adapter’s getLocale says, even when it takes its time', async () => {
    class ByPath extends TestAdapter {
      override getLocale(_: MfaUser | null, request?: { url?: string }): Promise<string> {
        return Promise.resolve(request?.url?.includes('authenticators') ? 'de' : 'en');
      }
    }
    const test = await startTestApp({ adapter: ByPath, mfa: { locales: ['en', 'de'] } });
    expect((await test.client().get('/mfa/authenticators')).body.message).toBe(GERMAN.errors.unauthenticated);
    expect((await test.client().get('/mfa/status')).body.message).toBe(ENGLISH.errors.unauthenticated);
    await test.close();
  });

  it('do not end in an error when the adapter names one that is not there', async () => {
    class Elsewhere extends TestAdapter {
      override getLocale(): string {
        return 'xx';
      }
    }
    const test = await startTestApp({ adapter: Elsewhere, mfa: { locales: ['de', 'en'] } });
    expect((await test.client().get('/mfa/status')).body.message).toBe(GERMAN.errors.unauthenticated);
    await enroll(test);
    expect(test.adapter.notifications[0]?.locale).toBe('de');
    await test.close();
  });

  it('are the English ones where a translation lacks them', async () => {
    /** A catalogue whose type promises more than there is in it. */
    const catalogue = {} as Record<string, string>;
    class Translated extends TestAdapter {
      override getErrorMessage(code: MfaErrorCode): string {
        return catalogue[code] as string;
      }
      override getReasonMessage(reason: MfaRefusalReason): string {
        return catalogue[reason] as string;
      }
    }
    const test = await startTestApp({ adapter: Translated, mfa: { webauthn: RELYING_PARTY, pages: true } });
    const user = await enroll(test);
    const half = await halfSignIn(test, user);
    const answers = [
      await test.client().get('/mfa/status'),
      await half.post('/mfa/authenticate', { code: '000000' }),
      await user.client.get('/protected/phishing-resistant'),
    ];
    expect(answers.map(({ body }) => [body.code, body.message])).toEqual(
      (['unauthenticated', 'incorrect_code', 'mfa_enrollment_required'] as const).map((code) => [
        code,
        MFA_ERRORS[code].message,
      ]),
    );
    const page = await PageClient.of(half).submit('/account/security/authenticate', { code: '000000' });
    expect([page.status, textOf(page.text)]).toEqual([
      422,
      expect.stringContaining(MFA_ERRORS.incorrect_code.message),
    ]);
    await test.close();
  });
});
