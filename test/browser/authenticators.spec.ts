import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { decodeAttestationObject } from '@simplewebauthn/server/helpers';
import { MfaEvents, RequireMfa } from 'nestjs-mfa';
import type { WebAuthnOptions } from 'nestjs-mfa';
import type { MfaProvenMethod } from 'nestjs-mfa/browser';
import type { Browser, Page } from 'playwright-core';

import { freePort } from '../../tools/support/free-port.mjs';
import { authorityOf, makeRoot, pemOf } from '../support/attestation.js';
import type { VirtualAuthenticatorTraits, VirtualCredential } from '../support/chromium.js';
import { VirtualAuthenticator, hasChromium, launchChromium } from '../support/chromium.js';
import type { Scope } from '../support/client-page.js';
import { fail, openClientPage, run } from '../support/client-page.js';
import type { TestApp } from '../support/test-app.js';
import { codeOf, newUserId, startTestApp } from '../support/test-app.js';
import { sample } from '../support/thorough.js';

/** What a proof can be asked for. */
@Controller()
class AssuredController {
  @Get('reports')
  @RequireMfa()
  reports(): object {
    return {};
  }

  @Get('signing')
  @RequireMfa({ userVerified: true })
  signing(): object {
    return {};
  }

  @Get('device')
  @RequireMfa({ deviceBound: true })
  device(): object {
    return {};
  }

  @Get('attested')
  @RequireMfa({ attested: true })
  attested(): object {
    return {};
  }

  @Get('both')
  @RequireMfa({ allOf: ['totp', 'webauthn'] })
  both(): object {
    return {};
  }
}

const ROUTES = ['/reports', '/signing', '/device', '/attested', '/both'] as const;
const OPEN = 200;
const PROVE = '401 mfa_required';
const ANOTHER = '403 mfa_enrollment_required';

const NOBODY = Object.fromEntries(ROUTES.map((path) => [path, '401 unauthenticated']));

/** What `attestation` asks for, and what can become of it. */
const ATTESTATIONS = ['none', 'indirect', 'direct'] as const;
type Attestation = (typeof ATTESTATIONS)[number];

type Row = Required<VirtualAuthenticatorTraits> & { attestation: Attestation };

const KINDS: Omit<VirtualAuthenticatorTraits, 'backupEligible' | 'backedUp'>[] = [
  { transport: 'usb', hasUserVerification: false, hasResidentKey: false },
  // Chromium's USB key keeps nothing that nobody has to be verified for.
  { transport: 'internal', hasUserVerification: false, hasResidentKey: true },
  { transport: 'usb', hasUserVerification: true, hasResidentKey: false },
  { transport: 'internal', hasUserVerification: true, hasResidentKey: true },
];
const BACKUPS = [
  { backupEligible: false, backedUp: false },
  { backupEligible: true, backedUp: false },
  { backupEligible: true, backedUp: true },
];
const ROWS: Row[] = KINDS.flatMap((kind) =>
  BACKUPS.flatMap((backup) => ATTESTATIONS.map((attestation) => ({ ...kind, ...backup, attestation }))),
);
const DEVICE = { transport: 'internal', hasUserVerification: true, hasResidentKey: true } as const;

const REFUSED = { code: 'webauthn_failed', status: 400 };

const describeInBrowser = hasChromium ? describe : describe.skip;

describeInBrowser("Chromium's virtual authenticators", () => {
  let browser: Browser;
  const apps = {} as Record<Attestation | 'strangers', { test: TestApp; page: Page }>;
  const problems: string[] = [];
  /** The only authenticator of its page. */
  let present: VirtualAuthenticator | null = null;

  beforeAll(async () => {
    browser = await launchChromium();
    const vendor = await authorityOf(await batchCertificate());
    const open = async (webauthn: WebAuthnOptions) => {
      const port = await freePort();
      const origin = `http://localhost:${port}`;
      const party = { rpId: 'localhost', rpName: 'Example', origins: [origin], allowInsecureOrigin: true };
      const test = await startTestApp({
        port,
        protectedRoutes: AssuredController,
        mfa: { passkeyLogin: true, webauthn: { ...party, ...webauthn } },
      });
      const page = await (await browser.newContext()).newPage();
      page.on('pageerror', (error) => problems.push(error.message));
      await openClientPage(page, origin);
      return { test, page };
    };
    apps.none = await open({ attestation: 'none', backupEligibilityChange: 'reject' });
    apps.indirect = await open({ attestation: 'indirect', backupEligibilityChange: 'report' });
    apps.direct = await open({ attestation: 'direct', attestationRoots: [pemOf(vendor)] });
    apps.strangers = await open({ attestation: 'direct', attestationRoots: [pemOf(await makeRoot())] });
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    for (const { test } of Object.values(apps)) await test.close();
  });

  afterEach(async () => {
    await present?.remove();
    present = null;
  });

  /** The certificate with which Chromium attests. It makes a new one each time, always for the same key. */
  async function batchCertificate(): Promise<Uint8Array> {
    const page = await browser.newPage();
    await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '' }));
    await page.goto('http://localhost/');
    await VirtualAuthenticator.add(page, 'usb');
    const object = await page.evaluate(async () => {
      const publicKey: PublicKeyCredentialCreationOptions = {
        rp: { name: 'Any' },
        user: { id: new Uint8Array(8), name: 'any', displayName: 'Any' },
        challenge: new Uint8Array(32),
        pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
        attestation: 'direct',
      };
      const { response } = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential;
      return [...new Uint8Array((response as AuthenticatorAttestationResponse).attestationObject)];
    });
    await page.close();
    const statement = decodeAttestationObject(new Uint8Array(object)).get('attStmt');
    const [certificate] = statement.get('x5c') ?? [];
    if (!certificate) throw new Error('Chromium attests nothing');
    return certificate;
  }

  /** Asks the application as the page would. */
  const ask = (page: Page, method: string, path: string, body?: object) =>
    page.evaluate(
      async ([method, path, body]) => {
        const headers = { 'content-type': 'application/json' };
        const response = await fetch(path, { method, headers, ...(body ? { body } : {}) });

        return { status: response.status, body: await response.json() };
      },
      [method, path, body && JSON.stringify(body)] as const,
    );

  const doors = async (page: Page): Promise<Record<string, number | string>> => {
    const answers = await page.evaluate(
      (paths) =>
        Promise.all(
          paths.map(async (path) => {
            const response = await fetch(path);
            const { code } = (await response.json()) as { code?: string };
            return response.ok ? response.status : `${response.status} ${code}`;
          }),
        ),
      ROUTES,
    );
    return Object.fromEntries(ROUTES.map((path, index) => [path, answers[index] as number | string]));
  };

  /** A new user who is signed in, and an authenticator of theirs; and what they do again and again. */
  async function visit(attestation: keyof typeof apps, traits: VirtualAuthenticatorTraits) {
    const { page, test } = apps[attestation];
    const key = await VirtualAuthenticator.add(page, traits);
    present = key;
    const id = newUserId();
    const login = async () => (await ask(page, 'POST', '/login', { id })).body.status as string;
    await login();
    return {
      test,
      page,
      key,
      id,
      login,
      register: () => run(page, ({ mfa }) => mfa.addSecurityKey()),
      signInWithKey: async () => {
        expect(await login()).toBe('mfa_required');
        return run(page, ({ mfa }) => mfa.authenticateWithKey());
      },
      listed: async () => (await run(page, ({ mfa }) => mfa.listAuthenticators('webauthn')))[0],
    };
  }

  const factsOf = ({ proven = [] }: { proven?: MfaProvenMethod[] }) => {
    const { userVerified, backedUp, attested } = proven.find(({ method }) => method === 'webauthn') ?? {};
    return { userVerified, backedUp, attested };
  };

  /** How a sign-in ends: its status, or the code of the refusal. */
  const outcome = (
    page: Page,
    work: (scope: Scope, id: string) => Promise<{ status: string }>,
    id = '',
  ): Promise<string> =>
    page.evaluate(
      `(${work.toString()})(window.scope, '${id}').then(({ status }) => status, ({ code }) => code)`,
    );

  /** Signs in with a passkey whose id is told, as no page of the library would: what comes is what the key can do. */
  const forcePasskey = (page: Page, id: string) =>
    outcome(
      page,
      async ({ client, mfa }, id) => {
        const options = await mfa.fetch('/mfa/passkey/options', { method: 'POST' });
        const credential = await client.getCredential({
          ...((await options.json()) as Parameters<typeof client.getCredential>[0]),
          allowCredentials: [{ type: 'public-key', id }],
          userVerification: 'preferred',
        });
        const headers = { 'content-type': 'application/json' };
        const body = JSON.stringify({ credential });
        const answer = await mfa.fetch('/mfa/passkey', { method: 'POST', headers, body });
        const { status, code } = (await answer.json()) as { status: string; code: string };
        return { status: answer.ok ? status : code };
      },
      id,
    );

  const base64url = (base64: string) => Buffer.from(base64, 'base64').toString('base64url');

  // The usual run has every third row.
  it.each(sample(ROWS, 3))(
    'are what they say: $transport, verifies $hasUserVerification, resident $hasResidentKey, BE $backupEligible, BS $backedUp, $attestation',
    async ({ attestation, ...traits }) => {
      const { page, key, register, signInWithKey, listed } = await visit(attestation, traits);
      const { hasUserVerification, hasResidentKey, backupEligible, backedUp } = traits;
      const attested = attestation === 'direct';
      const facts = { userVerified: hasUserVerification, backedUp, attested };
      const expected = {
        '/reports': OPEN,
        '/signing': hasUserVerification ? OPEN : PROVE,
        '/device': backupEligible ? ANOTHER : OPEN,
        '/attested': attested ? OPEN : ANOTHER,
        '/both': ANOTHER,
      };

      // The registration is a proof, and each sign-in is one again.
      expect(factsOf(await register())).toEqual(facts);
      expect(await doors(page)).toEqual(expected);
      expect(await listed()).toMatchObject({ backedUp, transports: [traits.transport] });
      const [credential] = await key.credentials();
      expect(credential?.isResidentCredential).toBe(hasResidentKey);
      expect(factsOf(await signInWithKey())).toEqual(facts);
      expect(await doors(page)).toEqual(expected);
      const needs = outcome(page, ({ mfa }) => mfa.authenticateWithKey({ needs: { userVerified: true } }));
      expect(await needs).toBe(hasUserVerification ? 'authenticated' : 'ceremony_cancelled');

      // Whether it is synced now may change, where it can be at all; each proof says it anew.
      const now = backupEligible && !backedUp;
      await key.setBackup(backupEligible, now);
      expect(factsOf(await signInWithKey())).toEqual({ ...facts, backedUp: now });
      expect(await listed()).toMatchObject({ backedUp: now });

      // As a passkey; and by a page that asks for less than the library's does.
      const isPasskey = hasResidentKey && hasUserVerification;
      await page.context().clearCookies();
      const signedIn = await outcome(page, ({ mfa }) => mfa.signInWithPasskey());
      expect(signedIn).toBe(isPasskey ? 'authenticated' : 'ceremony_cancelled');
      expect(await doors(page)).toEqual(isPasskey ? expected : NOBODY);
      const forced = await forcePasskey(page, base64url(credential?.credentialId ?? ''));
      expect(forced).toBe(isPasskey ? 'authenticated' : 'webauthn_failed');
    },
    60_000,
  );

  it.each([true, false])(
    'that are synced though they can not be are refused (verifies %s)',
    async (verifies) => {
      const { page, register, key, signInWithKey } = await visit('none', {
        ...DEVICE,
        hasUserVerification: verifies,
      });
      await register();
      await key.setBackup(false, true);
      await expect(fail(page, ({ mfa }) => mfa.authenticateWithKey())).resolves.toMatchObject(REFUSED);
      await key.setBackup(false, false);
      expect((await signInWithKey()).status).toBe('authenticated');
      await key.remove();

      const liar = await visit('none', { ...DEVICE, hasUserVerification: verifies, backedUp: true });
      await expect(fail(liar.page, ({ mfa }) => mfa.addSecurityKey())).resolves.toMatchObject(REFUSED);
      expect(await liar.listed()).toBeUndefined();
    },
  );

  it.each([
    { what: 'backup eligible', was: false },
    { what: 'not backup eligible any more', was: true },
  ])('that become $what are refused, where the options say so', async ({ was }) => {
    const { page, test, id, key, register, login, listed } = await visit('none', {
      ...DEVICE,
      backupEligible: was,
    });
    const changes: boolean[] = [];
    test.app.get(MfaEvents).on('mfa.authenticator.backup_eligibility_changed', ({ userId, data }) => {
      if (userId === id) changes.push(data.backupEligible);
    });
    await register();
    await key.setBackup(!was, false);
    expect(await login()).toBe('mfa_required');
    const refused = await fail(page, ({ mfa }) => mfa.authenticateWithKey());
    expect(refused).toMatchObject(REFUSED);
    expect(refused.message).toContain('register it again');
    expect((await doors(page))['/reports']).toBe('401 unauthenticated');
    await expect(fail(page, ({ mfa }) => mfa.signInWithPasskey())).resolves.toMatchObject(REFUSED);
    await test.settled();
    expect(changes).toEqual([!was]);

    // It is still what it was.
    await key.setBackup(was, false);
    expect((await run(page, ({ mfa }) => mfa.signInWithPasskey())).status).toBe('authenticated');
    expect((await doors(page))['/device']).toBe(was ? ANOTHER : OPEN);
    expect(await listed()).toMatchObject({ backedUp: false });
  });

  it('that become backup eligible are used as what they are, where the options say so', async () => {
    const { page, test, id, key, register, signInWithKey, listed } = await visit('indirect', DEVICE);
    const changes: boolean[] = [];
    test.app.get(MfaEvents).on('mfa.authenticator.backup_eligibility_changed', ({ userId, data }) => {
      if (userId === id) changes.push(data.backupEligible);
    });
    await register();
    expect((await doors(page))['/device']).toBe(OPEN);
    await key.setBackup(true, true);
    expect(factsOf(await signInWithKey())).toMatchObject({ backedUp: true });
    expect((await doors(page))['/device']).toBe(ANOTHER);
    expect(await listed()).toMatchObject({ backedUp: true });
    // Nothing new to tell of.
    expect(factsOf(await run(page, ({ mfa }) => mfa.signInWithPasskey()))).toMatchObject({ backedUp: true });
    expect((await doors(page))['/device']).toBe(ANOTHER);
    await test.settled();
    expect(changes).toEqual([true]);

    // Once synced it may be anywhere, whatever it says later, and however often.
    await key.setBackup(false, false);
    for (let times = 0; times < 3; times++) {
      await signInWithKey();
      expect((await doors(page))['/device']).toBe(ANOTHER);
    }
  });

  it.each(KINDS)(
    'whose attestation leads nowhere are refused, where it has to ($transport, verifies $hasUserVerification)',
    async (kind) => {
      const { page, listed } = await visit('strangers', kind);
      await expect(fail(page, ({ mfa }) => mfa.addSecurityKey())).resolves.toMatchObject(REFUSED);
      expect(await listed()).toBeUndefined();
      expect((await doors(page))['/reports']).toBe(ANOTHER);
    },
  );

  it.each(KINDS.slice(0, 3))(
    'are no passkeys when they are not discoverable, or verify nobody ($transport, verifies $hasUserVerification)',
    async (kind) => {
      const { page, key, listed } = await visit('none', kind);
      const code = expect.stringMatching(/^(ceremony_cancelled|not_supported|ceremony_failed)$/);
      await expect(
        fail(page, ({ mfa }) => mfa.addSecurityKey({ passwordless: true })),
      ).resolves.toMatchObject({ code, status: 0 });
      expect(await key.credentials()).toEqual([]);
      expect(await listed()).toBeUndefined();
    },
  );

  it('sign in alone only after they have verified their user beside another factor', async () => {
    const { page, key, register, signInWithKey } = await visit('none', {
      ...DEVICE,
      hasUserVerification: false,
    });
    await register();
    const [credential] = await key.credentials();
    await key.remove();
    // The same key, which has a PIN now; maybe a thief has set it.
    present = await VirtualAuthenticator.add(page, DEVICE);
    await present.addCredential({ ...(credential as VirtualCredential), rpId: 'localhost' });
    await run(page, ({ mfa }) => mfa.endSession());
    await expect(fail(page, ({ mfa }) => mfa.signInWithPasskey())).resolves.toMatchObject(REFUSED);
    expect(factsOf(await signInWithKey())).toMatchObject({ userVerified: true });
    expect((await doors(page))['/signing']).toBe(OPEN);
    expect((await run(page, ({ mfa }) => mfa.signInWithPasskey())).status).toBe('authenticated');
  });

  it('register and sign in nobody whom they do not recognise', async () => {
    const { page, key, register, login, listed } = await visit('none', DEVICE);
    const cancelled = { code: 'ceremony_cancelled', status: 0 };
    await key.setUserVerified(false);
    await expect(fail(page, ({ mfa }) => mfa.addSecurityKey())).resolves.toMatchObject(cancelled);
    expect(await listed()).toBeUndefined();
    await key.setUserVerified(true);
    await register();
    await key.setUserVerified(false);
    expect(await login()).toBe('mfa_required');
    await expect(
      fail(page, ({ mfa }) => mfa.authenticateWithKey({ needs: { userVerified: true } })),
    ).resolves.toMatchObject(cancelled);
    await expect(fail(page, ({ mfa }) => mfa.signInWithPasskey())).resolves.toMatchObject(cancelled);
    expect((await doors(page))['/reports']).toBe('401 unauthenticated');
  });

  it.each(KINDS)(
    'open what wants them and an authenticator app together ($transport, verifies $hasUserVerification)',
    async (kind) => {
      const { page, test, register, signInWithKey } = await visit('none', kind);
      await register();
      const { secret } = await run(page, ({ mfa }) => mfa.beginTotp());
      await run(page, ({ mfa }, code) => mfa.activateTotp({ code }), codeOf(secret, test.clock));
      expect((await doors(page))['/both']).toBe(OPEN);
      await signInWithKey();
      expect((await doors(page))['/both']).toBe(PROVE);
      expect((await ask(page, 'GET', '/both')).body).toMatchObject({
        methods: ['totp'],
        needs: { allOf: ['totp', 'webauthn'] },
      });
      test.clock.advance(60);
      await run(page, ({ mfa }, code) => mfa.authenticate({ code }), codeOf(secret, test.clock));
      expect((await doors(page))['/both']).toBe(OPEN);
    },
  );

  it('left no error in the pages', () => {
    expect(problems).toEqual([]);
  });
});
