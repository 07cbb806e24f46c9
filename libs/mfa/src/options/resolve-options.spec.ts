import { describe, expect, it } from '@jest/globals';
import { SettingsService } from '@simplewebauthn/server';

import { MFA_ACR_LEVELS } from '../core/policy/acr.js';
import { GERMAN } from '../i18n/de.js';
import { ENGLISH } from '../i18n/en.js';
import type { MfaBehaviourOptions } from './mfa-options.js';
import { MfaOptionsError } from './options-error.js';
import type { OptionsEnvironment } from './options-environment.js';
import { resolveOptions } from './resolve-options.js';
import { resolveStructure } from '../module/structural-options.js';

const secret = 'a secret of 32 bytes or more, for tests';
const webauthn = { rpId: 'example.com', rpName: 'Shop', origins: ['https://example.com'] };
const ROOT = (SettingsService.getRootCertificates({ identifier: 'apple' })[0] as string).trim();
const production = { nodeEnv: 'production', packageName: 'shop' };
const development = { nodeEnv: 'development', packageName: undefined };

const problemsOf = (options: unknown, environment: OptionsEnvironment = production): readonly string[] => {
  try {
    resolveOptions({ webauthn, ...(options as MfaBehaviourOptions) }, environment);
    return [];
  } catch (error) {
    if (error instanceof MfaOptionsError) return error.problems;
    throw error;
  }
};

describe('resolveOptions', () => {
  it('fills in the documented defaults', () => {
    expect(resolveOptions({ secret, webauthn }, production)).toEqual({
      secrets: [secret],
      supportedTypes: ['totp', 'webauthn', 'recovery_codes'],
      webauthn: {
        ...webauthn,
        userVerification: 'preferred',
        attestation: 'none',
        attestationRoots: [],
        allowedAaguids: null,
        metadata: null,
        signCount: 'reject',
        backupEligibilityChange: 'reject',
        hints: [],
      },
      passkeyLogin: false,
      passkeySignUp: false,
      totp: {
        issuer: 'Shop',
        period: 30,
        digits: 6,
        tolerance: 1,
        algorithm: 'sha1',
        maxPerUser: 1,
        setupTtlSeconds: 600,
        insecureBypassCode: undefined,
      },
      recoveryCodes: { count: 10, format: { alphabet: 'digits', length: 8 } },
      requiredForStaff: false,
      gracePeriodSeconds: 300,
      changesMaxAgeSeconds: 300,
      changesNeed: 'strongest',
      enrollmentGracePeriodSeconds: 0,
      externalMfaMaxAgeSeconds: 43_200,
      reauthenticateUrl: undefined,
      requireVerifiedEmail: true,
      session: {
        pendingTtlSeconds: 900,
        ttlSeconds: 43_200,
        rememberTtlSeconds: 43_200,
        idleTtlSeconds: null,
        maxPerUser: 1000,
        cookie: { name: '__Host-mfa_session', sameSite: 'lax', secure: true, domain: undefined, path: '/' },
        header: 'x-mfa-session',
        transport: null,
      },
      trustedOrigins: [],
      trustedDevices: {
        enabled: false,
        ttlSeconds: 1_209_600,
        maxPerUser: 20,
        cookie: { name: '__Host-mfa_trusted', sameSite: 'lax', secure: true, domain: undefined, path: '/' },
        afterRecoveryCode: false,
      },
      newSignIn: {
        enabled: false,
        ttlSeconds: 31_536_000,
        cookie: { name: '__Host-mfa_known', sameSite: 'lax', secure: true, domain: undefined, path: '/' },
      },
      rateLimit: {
        attempts: 5,
        windowSeconds: 300,
        lockAfter: 100,
        unlock: { byOtherFactor: false, byCodes: 0, codesApartSeconds: 60, afterSeconds: 0 },
      },
      storage: { timeoutSeconds: 10, preparedStatements: false, sealFormerRows: true },
      retention: { everySeconds: 300, batchSize: 1000 },
      audit: { enabled: false, retentionDays: 365 },
      acr: MFA_ACR_LEVELS,
      locales: [ENGLISH],
      profile: 'default',
    });
  });

  it('reads the environment when none is given', () => {
    expect(resolveOptions({ secret }).session.cookie).toMatchObject({ name: 'mfa_session', secure: false });
  });

  it.each([
    ['development', {}, { name: 'mfa_session', secure: false }],
    ['test', {}, { name: 'mfa_session', secure: false }],
    [undefined, {}, { name: '__Host-mfa_session', secure: true }],
    [
      'production',
      { domain: 'example.com' },
      { name: '__Secure-mfa_session', secure: true, domain: 'example.com' },
    ],
    ['production', { path: '/app' }, { name: '__Secure-mfa_session', path: '/app' }],
    ['production', { name: '__Host-own' }, { name: '__Host-own' }],
    ['production', { name: '__Secure-own' }, { name: '__Host-own' }],
    ['production', { name: '__host-own', path: '/app' }, { name: '__Secure-own' }],
    // Browsers drop a cookie that doesn't meet the conditions of its name's prefix.
    ['development', { name: '__Host-own' }, { name: 'own', secure: false }],
    ['development', { secure: true, sameSite: 'none' }, { name: '__Host-mfa_session', sameSite: 'none' }],
  ] as const)('with NODE_ENV %s and cookie %j sets %j', (nodeEnv, cookie, resolved) => {
    const { session } = resolveOptions(
      { secret, webauthn, session: { cookie } },
      { nodeEnv, packageName: undefined },
    );
    expect(session.cookie).toMatchObject(resolved);
  });

  it('gives the cookies of trusted and known browsers what the session cookie has', () => {
    const cookie = { sameSite: 'strict', domain: 'example.com' } as const;
    const { trustedDevices, newSignIn } = resolveOptions(
      { secret, webauthn, session: { cookie } },
      production,
    );
    expect(trustedDevices.cookie).toMatchObject({ name: '__Secure-mfa_trusted', ...cookie, secure: true });
    expect(newSignIn.cookie).toMatchObject({ name: '__Secure-mfa_known', ...cookie, secure: true });
    const without = resolveOptions({ secret, webauthn, session: { cookie: false } }, production);
    expect(without.trustedDevices.cookie).toMatchObject({ name: '__Host-mfa_trusted', sameSite: 'lax' });
    expect(without.newSignIn.cookie).toMatchObject({ name: '__Host-mfa_known', sameSite: 'lax' });
  });

  it('takes languages of its own and the application’s, in their order', () => {
    const french = { ...ENGLISH, locale: 'fr' };
    expect(resolveOptions({ secret, webauthn, locales: ['de', french] }).locales).toEqual([GERMAN, french]);
  });

  it('takes trusted origins as browsers write them', () => {
    const trustedOrigins = ['https://www.example.com', 'https://a.example:8443', 'http://localhost:4200'];
    expect(resolveOptions({ secret, webauthn, trustedOrigins }, production)).toMatchObject({
      trustedOrigins,
    });
  });

  it('keeps the cookie off, several secrets, and a header in lower case', () => {
    const options = {
      webauthn,
      secret: [secret, `${secret}!`],
      session: { cookie: false as const, header: 'X-Token' },
    };
    expect(resolveOptions(options, production)).toMatchObject({
      secrets: [secret, `${secret}!`],
      session: { cookie: false, header: 'x-token' },
    });
  });

  it('takes a secret that repeats itself for tests and development alone, and not under a profile', () => {
    const [test, easy] = [{ ...production, nodeEnv: 'test' }, 'x'.repeat(32)];
    for (const environment of [development, test]) {
      expect(resolveOptions({ secret: easy, webauthn }, environment).secrets).toEqual([easy]);
      expect(problemsOf({ secret: 'x'.repeat(31) }, environment)).toHaveLength(1);
      expect(problemsOf({ secret: easy, profile: 'aal2' }, environment)).toEqual(
        expect.arrayContaining([expect.stringContaining('`secret` is easy to guess')]),
      );
    }
    for (const nodeEnv of [undefined, 'production', 'staging']) {
      expect(problemsOf({ secret: easy }, { ...production, nodeEnv })).toHaveLength(1);
    }
  });

  it('takes the issuer from the option, the relying party, the package, or none of them', () => {
    expect(resolveOptions({ secret, webauthn, totp: { issuer: 'ACME' } }, production).totp.issuer).toBe(
      'ACME',
    );
    const packaged = { ...development, packageName: 'shop' };
    expect(resolveOptions({ secret }, packaged).totp.issuer).toBe('shop');
    expect(resolveOptions({ secret }, development).totp.issuer).toBe('NestJS application');
  });

  it.each([
    ['no secret', { secret: undefined }, '`secret` is required'],
    ['an empty secret', { secret: '' }, '`secret` is required'],
    ['no secret in the list', { secret: [] }, '`secret` is required'],
    ['a short secret', { secret: 'x'.repeat(31) }, '`secret` is too short'],
    ['a short second secret', { secret: [secret, 'short'] }, '`secret` is too short'],
    ['a secret that is no string', { secret: 42 }, '`secret` is too short'],
    ['a secret of one character', { secret: 'a'.repeat(64) }, '`secret` is easy to guess'],
    ['a secret of few characters', { secret: '0110100101'.repeat(4) }, '`secret` is easy to guess'],
    ['a repeated word', { secret: [secret, 'Pa55word'.repeat(4)] }, '`secret` is easy to guess'],
    ['the same secret twice', { secret: [secret, secret] }, '`secret` contains the same secret twice'],
    ['a tolerance of 2', { totp: { tolerance: 2 } }, '`totp.tolerance` must be a whole number from 0 to 1'],
    ['a negative tolerance', { totp: { tolerance: -1 } }, '`totp.tolerance`'],
    ['5 digits', { totp: { digits: 5 } }, '`totp.digits` must be a whole number from 6 to 8'],
    ['a period of 0', { totp: { period: 0 } }, '`totp.period`'],
    ['a long period', { totp: { period: 121 } }, '`totp.period`'],
    [
      'another algorithm',
      { totp: { algorithm: 'md5' } },
      '`totp.algorithm` must be one of sha1, sha256, sha512',
    ],
    ['an issuer with a colon', { totp: { issuer: 'A:B' } }, '`totp.issuer`'],
    ['an issuer of spaces', { totp: { issuer: '  ' } }, '`totp.issuer` must be a name'],
    ['no room for a TOTP', { totp: { maxPerUser: 0 } }, '`totp.maxPerUser`'],
    ['an endless set-up', { totp: { setupTtlSeconds: 3601 } }, '`totp.setupTtlSeconds`'],
    [
      'a bypass code in production',
      { totp: { insecureBypassCode: '000000' } },
      '`totp.insecureBypassCode` opens every account',
    ],
    ['no recovery codes', { recoveryCodes: { count: 0 } }, '`recoveryCodes.count`'],
    ['short recovery codes', { recoveryCodes: { digits: 7 } }, '`recoveryCodes.digits`'],
    ['long recovery codes', { recoveryCodes: { digits: 17 } }, '`recoveryCodes.digits`'],
    ['a number as text', { gracePeriodSeconds: '300' }, '`gracePeriodSeconds`'],
    ['NaN', { gracePeriodSeconds: NaN }, '`gracePeriodSeconds`'],
    ['a fraction', { gracePeriodSeconds: 1.5 }, '`gracePeriodSeconds`'],
    ['no grace at all', { gracePeriodSeconds: 0 }, '`gracePeriodSeconds`'],
    ['a negative enrollment grace', { enrollmentGracePeriodSeconds: -1 }, '`enrollmentGracePeriodSeconds`'],
    ['text for a boolean', { requiredForStaff: 'yes' }, '`requiredForStaff` must be true or false'],
    [
      'a lock after 101',
      { rateLimit: { lockAfter: 101 } },
      '`rateLimit.lockAfter` must be a whole number from 1 to 100',
    ],
    ['no attempts', { rateLimit: { attempts: 0 } }, '`rateLimit.attempts`'],
    [
      'no session',
      { session: { maxPerUser: 0 } },
      '`session.maxPerUser` must be a whole number from 1 to 10000',
    ],
    ['no window', { rateLimit: { windowSeconds: 0 } }, '`rateLimit.windowSeconds`'],
    ['a group that is no object', { rateLimit: 5 }, '`rateLimit` must be an object'],
    ['a group that is a list', { totp: [] }, '`totp` must be an object; it is an array'],
    ['an unknown type', { supportedTypes: ['sms'] }, '`supportedTypes` must be a list'],
    ['types that are no list', { supportedTypes: 'totp' }, '`supportedTypes` must be a list'],
    [
      'recovery codes alone',
      { supportedTypes: ['recovery_codes'] },
      '`supportedTypes` needs a second factor',
    ],
    ['a misspelt option', { gracePeriod: 300 }, '`gracePeriod` is not an option'],
    ['a misspelt option that shapes the module', { adaptor: {} }, ', profile, adapter, factors, '],
    ['a misspelt nested option', { rateLimit: { attempt: 5 } }, '`rateLimit.attempt` is not an option'],
    [
      'a transport without all of its methods',
      { session: { transport: { read: () => null, write: () => undefined } } },
      '`session.transport` must be an object with the methods `read`, `write` and `clear`',
    ],
    [
      'a transport beside what it takes the place of',
      { session: { header: 'x-token', transport: class {} } },
      '`session.transport` replaces `session.header`',
    ],
    ['an unknown profile', { profile: 'aal4' }, '`profile` must be one of default, aal2, strict, aal3'],
    [
      'SameSite none without Secure',
      { session: { cookie: { sameSite: 'none', secure: false } } },
      "`session.cookie.sameSite: 'none'` needs",
    ],
    [
      'a cookie without Secure',
      { session: { cookie: { secure: false } } },
      '`session.cookie.secure` must not be false in production',
    ],
    ['a cookie name with a space', { session: { cookie: { name: 'a b' } } }, '`session.cookie.name`'],
    ['a domain that is none', { session: { cookie: { domain: 'a b' } } }, '`session.cookie.domain`'],
    ['a relative path', { session: { cookie: { path: 'app' } } }, '`session.cookie.path`'],
    [
      'a header that is the cookies’',
      { session: { header: 'Cookie' } },
      '`session.header` must be a header of its own',
    ],
    ['a header that is none', { session: { header: 'a b' } }, '`session.header`'],
    ['an endless session', { session: { ttlSeconds: 2_592_001 } }, '`session.ttlSeconds`'],
    [
      'no relying party',
      { webauthn: undefined },
      '`webauthn.rpId`, `webauthn.rpName` and `webauthn.origins` are required',
    ],
    [
      'trusted devices by another word',
      { trustedDevices: { enabled: 'yes' } },
      '`trustedDevices.enabled` must be',
    ],
    [
      'trusted devices misspelt',
      { trustedDevices: { enabeld: true } },
      '`trustedDevices.enabeld` is not an option',
    ],
    ['trusted devices that are no object', { trustedDevices: true }, '`trustedDevices` must be an object'],
    ['half a relying party', { webauthn: { rpId: 'example.com' } }, '`webauthn.origins` is required'],
    ['a URL as rpId', { webauthn: { ...webauthn, rpId: 'https://example.com' } }, '`webauthn.rpId`'],
    ['an address as rpId', { webauthn: { ...webauthn, rpId: '127.0.0.1' } }, '`webauthn.rpId`'],
    ['a rpId with a port', { webauthn: { ...webauthn, rpId: 'localhost:3000' } }, '`webauthn.rpId`'],
    ['an empty rpName', { webauthn: { ...webauthn, rpName: '' } }, '`webauthn.rpName`'],
    ['an rpName of spaces', { webauthn: { ...webauthn, rpName: '\u00a0 ' } }, '`webauthn.rpName`'],
    ['no origins', { webauthn: { ...webauthn, origins: [] } }, '`webauthn.origins`'],
    [
      'an origin with a path',
      { webauthn: { ...webauthn, origins: ['https://example.com/'] } },
      'exact origins',
    ],
    ['an origin that is none', { webauthn: { ...webauthn, origins: ['example.com'] } }, 'exact origins'],
    [
      'an origin with a wildcard',
      { webauthn: { ...webauthn, origins: ['https://*.example.com'] } },
      'no wildcards: list each origin',
    ],
    ['any origin', { webauthn: { ...webauthn, origins: ['*'] } }, 'no wildcards'],
    ['any Android app', { webauthn: { ...webauthn, origins: ['android:apk-key-hash:*'] } }, 'no wildcards'],
    ['any extension', { webauthn: { ...webauthn, origins: ['chrome-extension://*'] } }, 'no wildcards'],
    [
      'an Android app without its hash',
      { webauthn: { ...webauthn, origins: ['android:apk-key-hash:'] } },
      'exact origins',
    ],
    [
      'an extension with a path',
      { webauthn: { ...webauthn, origins: ['chrome-extension://abc/page.html'] } },
      'exact origins',
    ],
    ['an origin over http', { webauthn: { ...webauthn, origins: ['http://example.com'] } }, 'must be https'],
    [
      'localhost over http',
      { webauthn: { ...webauthn, origins: ['http://localhost:3000'] } },
      'must be https',
    ],
    [
      'another host over http',
      { webauthn: { ...webauthn, allowInsecureOrigin: true, origins: ['http://localhost.example.com'] } },
      'must be https',
    ],
    [
      'AAGUIDs that are none',
      { webauthn: { ...webauthn, allowedAaguids: ['x'] } },
      '`webauthn.allowedAaguids`',
    ],
    ['no AAGUIDs', { webauthn: { ...webauthn, allowedAaguids: [] } }, '`webauthn.allowedAaguids`'],
    ['an unknown attestation', { webauthn: { ...webauthn, attestation: 'x' } }, '`webauthn.attestation`'],
    [
      'an unknown answer to a changed eligibility',
      { webauthn: { ...webauthn, backupEligibilityChange: 'ignore' } },
      '`webauthn.backupEligibilityChange` must be one of reject, report',
    ],
    [
      'roots that are no certificates',
      { webauthn: { ...webauthn, attestation: 'direct', attestationRoots: ['x'] } },
      '`webauthn.attestationRoots` must be a list of certificates in PEM',
    ],
    [
      'no roots',
      { webauthn: { ...webauthn, attestation: 'direct', attestationRoots: [] } },
      '`webauthn.attestationRoots`',
    ],
    [
      'roots of attestations that nobody asks for',
      { webauthn: { ...webauthn, attestation: 'indirect', attestationRoots: [ROOT] } },
      '`webauthn.attestationRoots` needs `webauthn.attestation` `direct` or `enterprise`',
    ],
    [
      'a misspelt WebAuthn option',
      { webauthn: { ...webauthn, rpID: 'x' } },
      '`webauthn.rpID` is not an option',
    ],
    [
      'passkeys without a relying party',
      { supportedTypes: ['totp'], webauthn: undefined, passkeyLogin: true },
      '`passkeyLogin` needs `webauthn`',
    ],
    ['sign-up without passkey sign-in', { passkeySignUp: true }, '`passkeySignUp` needs `passkeyLogin`'],
    [
      'a profile without a phishing-resistant factor',
      { profile: 'aal2', supportedTypes: ['totp'] },
      'phishing-resistant',
    ],
    [
      'user verification left out under a profile',
      { profile: 'strict', webauthn: { ...webauthn, userVerification: 'preferred' } },
      '`webauthn.userVerification` must be one of required',
    ],
    [
      'trusted devices under a profile',
      { profile: 'aal2', trustedDevices: { enabled: true } },
      '`trustedDevices` must be off under profile `aal2`',
    ],
    [
      'trust for longer than a month',
      { trustedDevices: { ttlSeconds: 2_592_001 } },
      '`trustedDevices.ttlSeconds`',
    ],
    ['no trusted browser at all', { trustedDevices: { maxPerUser: 0 } }, '`trustedDevices.maxPerUser`'],
    ['a trust cookie that is none', { trustedDevices: { cookie: 'a b' } }, '`trustedDevices.cookie`'],
    [
      'two cookies of one name',
      { trustedDevices: { cookie: 'mfa_session' } },
      'must not be the name of the session cookie',
    ],
    [
      'a browser that is known for longer than it keeps a cookie',
      { newSignIn: { ttlSeconds: 34_560_001 } },
      '`newSignIn.ttlSeconds`',
    ],
    [
      'a cookie of known browsers that is the session’s',
      { newSignIn: { cookie: 'mfa_session' } },
      '`newSignIn.cookie` must not be the name of the session cookie',
    ],
    [
      'one cookie for known browsers and trusted ones',
      { newSignIn: { cookie: 'mfa_trusted' } },
      '`newSignIn.cookie` must not be the name of the cookie of trusted browsers',
    ],
    ['one code that opens a lock', { rateLimit: { unlock: { byCodes: 1 } } }, '`rateLimit.unlock.byCodes`'],
    [
      'a lock that opens by waiting, under a profile',
      { profile: 'strict', rateLimit: { unlock: { afterSeconds: 60 } } },
      '`rateLimit.unlock.afterSeconds` must be 0',
    ],
    [
      'a misspelt way to unlock',
      { rateLimit: { unlock: { byCode: 3 } } },
      '`rateLimit.unlock.byCode` is not an option',
    ],
    ['a purge every day and a second', { retention: { everySeconds: 86_401 } }, '`retention.everySeconds`'],
    ['no yes or no', { storage: { sealFormerRows: 'once' } }, '`storage.sealFormerRows`'],
    ['an endless wait for the database', { storage: { timeoutSeconds: 0 } }, '`storage.timeoutSeconds`'],
    ['an audit trail that keeps nothing', { audit: { retentionDays: 0 } }, '`audit.retentionDays`'],
    [
      'trusted origins that are no list',
      { trustedOrigins: 'https://a.example' },
      '`trustedOrigins` must be a list',
    ],
    ['any origin', { trustedOrigins: ['*'] }, 'without a wildcard'],
    ['origins of any subdomain', { trustedOrigins: ['https://*.a.example'] }, 'without a wildcard'],
    ['the origin of nothing', { trustedOrigins: ['null'] }, 'any sandboxed frame'],
    ['a trusted domain', { trustedOrigins: ['a.example'] }, 'it is not an origin'],
    ['a trusted path', { trustedOrigins: ['https://a.example/app'] }, 'write https://a.example,'],
    ['a trailing slash', { trustedOrigins: ['https://a.example/'] }, 'write https://a.example,'],
    ['a default port', { trustedOrigins: ['https://a.example:443'] }, 'write https://a.example,'],
    ['an origin in upper case', { trustedOrigins: ['https://A.example'] }, 'write https://a.example,'],
    ['an origin over http', { trustedOrigins: ['http://a.example'] }, 'https, or http on localhost'],
    ['an origin of no web site', { trustedOrigins: ['file://a.example'] }, 'https, or http on localhost'],
    ['an origin that is no text', { trustedOrigins: [42] }, 'without a wildcard'],
    ['languages that are no list', { locales: 'en' }, '`locales` must be a list'],
    ['no language', { locales: [] }, '`locales` must be a list'],
    ['a language nobody has written', { locales: ['fr'] }, '`locales` must contain'],
    ['a language by no tag', { locales: [{ ...ENGLISH, locale: 'français' }] }, '`locales` must contain'],
    [
      'a language with a text missing',
      { locales: [{ ...ENGLISH, locale: 'fr', errors: { ...ENGLISH.errors, not_found: '' } }] },
      '`locales`: `fr` has no text for errors.not_found',
    ],
  ])('refuses %s', (_, options, problem) => {
    expect(problemsOf({ secret, ...options })).toEqual(
      expect.arrayContaining([expect.stringContaining(problem)]),
    );
  });

  it.each([
    ['a bypass code that is no code', { totp: { insecureBypassCode: 'abc' } }, '6 to 8 digits'],
    [
      'a bypass code under a profile',
      { profile: 'strict', totp: { insecureBypassCode: '000000' } },
      'opens every account',
    ],
  ])('refuses %s in development', (_, options, problem) => {
    expect(problemsOf({ secret, ...options }, development as never)).toEqual([
      expect.stringContaining(problem),
    ]);
  });

  it('lists all problems at once and never prints a secret', () => {
    const short = 'only-31-bytes-of-secret-here!!';
    const error = (() => {
      try {
        resolveOptions({ webauthn, secret: short, gracePeriodSeconds: -1 }, production);
        return null;
      } catch (thrown) {
        return thrown as MfaOptionsError;
      }
    })();
    expect(error?.problems).toHaveLength(2);
    expect(error?.message).toContain('gracePeriodSeconds');
    expect(error?.message).not.toContain(short);
  });

  it('does without a relying party while an application is being built', () => {
    expect(resolveOptions({ secret }, development)).toMatchObject({
      supportedTypes: ['totp', 'recovery_codes'],
      webauthn: null,
    });
    expect(resolveOptions({ secret, supportedTypes: ['totp'] }, production).webauthn).toBeNull();
  });

  it.each(['development', 'test'])('takes NODE_ENV %s for a place to build in', (nodeEnv) => {
    const environment = { nodeEnv, packageName: undefined };
    const options = {
      secret,
      totp: { insecureBypassCode: '000000' },
      session: { cookie: { secure: false } },
    };
    expect(resolveOptions(options, environment)).toMatchObject({
      webauthn: null,
      totp: { insecureBypassCode: '000000' },
      session: { cookie: { secure: false } },
    });
  });

  it.each([undefined, '', 'production', 'prod', 'PRODUCTION', 'Development', 'staging', 'local', ' test'])(
    'takes NODE_ENV %j for production',
    (nodeEnv) => {
      const environment = { nodeEnv, packageName: undefined } as never;
      expect(problemsOf({ secret, webauthn: undefined }, environment)).toEqual([
        expect.stringContaining('`webauthn.rpId`, `webauthn.rpName` and `webauthn.origins` are required'),
      ]);
      expect(problemsOf({ secret, totp: { insecureBypassCode: '000000' } }, environment)).toEqual([
        expect.stringContaining('only with NODE_ENV `test` or `development`'),
      ]);
      expect(problemsOf({ secret, session: { cookie: { secure: false } } }, environment)).toEqual([
        expect.stringContaining('`session.cookie.secure` must not be false in production'),
      ]);
      const { session, trustedDevices } = resolveOptions({ secret, webauthn }, environment);
      expect([session.cookie, trustedDevices.cookie]).toMatchObject([{ secure: true }, { secure: true }]);
    },
  );

  it('takes localhost over http and AAGUIDs in any case', () => {
    const aaguid = 'EA9B8D66-4D01-1D21-3CE4-B6B48CB575D4';
    const options = {
      rpId: 'localhost',
      rpName: 'Shop',
      origins: ['http://localhost:3000'],
      allowInsecureOrigin: true,
      allowedAaguids: [aaguid],
    };
    expect(resolveOptions({ secret, webauthn: options }, production).webauthn).toMatchObject({
      origins: ['http://localhost:3000'],
      allowedAaguids: [aaguid.toLowerCase()],
    });
  });

  it('takes the origins of Android apps and browser extensions as they are', () => {
    const origins = [
      'https://example.com',
      'android:apk-key-hash:qSfu0L7hYl3Hq2MJ1wgBSAr0LQIlsn0MRMdWjSIDfX0',
      'android:apk-key-hash:qSfu0L7hYl3Hq2MJ1wgBSAr0LQIlsn0MRMdWjSIDfX0=',
      'chrome-extension://nngceckbapebfimnlniiiahkandclblb',
      'moz-extension://5b1d5f5e-7b1a-4f0c-9d55-0a4d4f5d5b0e',
      'safari-web-extension://0CA56F53-1C34-4F1C-8A5C-1F8D2F8C5B53',
    ];
    expect(
      resolveOptions({ secret, webauthn: { ...webauthn, origins } }, production).webauthn?.origins,
    ).toEqual(origins);
  });

  it('takes several roots out of one text', () => {
    const options = {
      ...webauthn,
      attestation: 'direct' as const,
      attestationRoots: [`${ROOT}\n${ROOT}`, ROOT],
    };
    expect(resolveOptions({ secret, webauthn: options }, production).webauthn?.attestationRoots).toEqual([
      ROOT,
      ROOT,
      ROOT,
    ]);
  });

  describe('profiles', () => {
    it.each(['aal2', 'strict'] as const)('%s issues recovery codes of at least 112 bits', (profile) => {
      const { recoveryCodes } = resolveOptions({ secret, webauthn, profile }, production);
      expect(recoveryCodes.format.alphabet).toBe('base32');
      expect(recoveryCodes.format.length * 5).toBeGreaterThanOrEqual(112);
      expect(problemsOf({ secret, profile, recoveryCodes: { digits: 8 } })).toEqual([
        expect.stringContaining('112 bits'),
      ]);
    });

    it('strict accepts no clock drift', () => {
      expect(resolveOptions({ secret, webauthn, profile: 'strict' }, production).totp.tolerance).toBe(0);
      expect(problemsOf({ secret, profile: 'strict', totp: { tolerance: 1 } })).toEqual([
        expect.stringContaining('`totp.tolerance`'),
      ]);
    });

    it.each(['aal2', 'strict'])('%s lets no code that may have been relayed change a key', (profile) => {
      expect(problemsOf({ secret, profile, changesNeed: 'any' })).toEqual([
        expect.stringContaining('`changesNeed` must be `strongest`'),
      ]);
    });

    it.each([
      ['aal2', 86_400, 3600],
      ['strict', 43_200, 900],
    ])('%s bounds the session to %i s and a proof to %i s', (profile, ttlSeconds, gracePeriodSeconds) => {
      expect(problemsOf({ secret, profile, session: { ttlSeconds }, gracePeriodSeconds })).toEqual([]);
      expect(problemsOf({ secret, profile, session: { ttlSeconds: ttlSeconds + 1 } })).toHaveLength(1);
      expect(problemsOf({ secret, profile, gracePeriodSeconds: gracePeriodSeconds + 1 })).toHaveLength(1);
    });

    it.each([
      ['aal2', 3600],
      ['strict', 900],
    ] as const)('%s ends a session that is not used for %i s', (profile, idleTtlSeconds) => {
      const { session } = resolveOptions({ secret, webauthn, profile }, production);
      expect(session.idleTtlSeconds).toBe(idleTtlSeconds);
      expect(problemsOf({ secret, profile, session: { idleTtlSeconds: 60 } })).toEqual([]);
      for (const wrong of [0, idleTtlSeconds + 1]) {
        expect(problemsOf({ secret, profile, session: { idleTtlSeconds: wrong } })).toEqual([
          expect.stringContaining('`session.idleTtlSeconds`'),
        ]);
      }
    });

    it.each(['aal2', 'strict'] as const)('%s lets no proof of more than 900 s change a factor', (profile) => {
      const given = { secret, webauthn, profile, gracePeriodSeconds: 900 };
      expect(resolveOptions(given, production).changesMaxAgeSeconds).toBe(900);
      expect(problemsOf({ ...given, changesMaxAgeSeconds: 901 })).toEqual([
        expect.stringContaining('`changesMaxAgeSeconds`'),
      ]);
    });

    it('aal2 takes the shorter one for changes where a proof counts for longer', () => {
      const given = { secret, webauthn, profile: 'aal2' as const, gracePeriodSeconds: 3600 };
      expect(resolveOptions(given, production).changesMaxAgeSeconds).toBe(900);
    });
  });
});

describe('resolveStructure', () => {
  it('fills in the documented defaults', () => {
    expect(resolveStructure({})).toEqual({
      path: 'mfa',
      controllers: true,
      globalGuard: false,
      isGlobal: true,
      pages: null,
      routes: { guards: [], decorators: [], imports: [] },
      dataSource: undefined,
      adapter: undefined,
      factors: [],
    });
  });

  it('takes a path with or without slashes around it', () => {
    expect(resolveStructure({ path: '/auth/mfa/', dataSource: 'second' })).toMatchObject({
      path: 'auth/mfa',
      dataSource: 'second',
    });
  });

  it.each([
    [{ path: 'a b' }, '`path`'],
    [{ path: '' }, '`path`'],
    [{ pages: 'yes' }, '`pages`'],
    [{ pages: { path: '/a b' } }, '`pages.path`'],
    [{ pages: { publicPath: 'https://evil.example/' } }, '`pages.publicPath` must be a path'],
    [{ pages: { publicPath: '//evil.example' } }, '`pages.publicPath` must be a path'],
    [{ pages: { publicPath: 'app' } }, '`pages.publicPath` must be a path'],
    [{ pages: { templatesDir: '/nowhere/at/all' } }, '`pages.templatesDir`'],
    [{ pages: { layout: './layout.js' } }, '`pages.layout`'],
    [{ pages: { loginUrl: '//evil.example' } }, '`pages.loginUrl`'],
    [{ pages: { loginUrl: '/.//evil.example' } }, '`pages.loginUrl`'],
    [{ pages: { homeUrl: 'https://evil.example' } }, '`pages.homeUrl`'],
    [{ pages: { path: '/auth' }, path: 'auth' }, '`pages.path` must differ from `path`'],
    [{ pages: { stylesheet: '/\\\\evil.example/x.css' } }, '`pages.stylesheet`'],
    [{ pages: { icon: 'https://evil.example/x.svg' } }, '`pages.icon`'],
    [{ pages: { theme: 'dark' } }, '`pages.theme`'],
    [{ pages: true, controllers: false }, '`pages` needs `controllers`'],
    [{ controllers: 'no' }, '`controllers`'],
    [{ dataSource: '' }, '`dataSource`'],
  ])('refuses %j', (options, problem) => {
    expect(() => resolveStructure(options as never)).toThrow(problem);
  });
});
