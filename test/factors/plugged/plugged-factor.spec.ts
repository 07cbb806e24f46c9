/** @jest-environment-options {"ownModules": true} */
import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { MfaAdminService, MfaService, RequireMfa, mfaClaims, AuthenticationSessionService } from 'nestjs-mfa';

import { TokenListFactor } from '../../fixtures/token-list.factor.js';
import { PageAdapter } from '../../pages/support.js';
import type { Client } from '../../support/client.js';
import { rowsOf, sharedDatabase } from '../../support/databases.js';
import { textOf } from '../../support/html.js';
import { PageClient } from '../../support/page-client.js';
import type { TestApp } from '../../support/test-app.js';
import { codeOf, enroll, halfSignIn, newUserId, startTestApp } from '../../support/test-app.js';

const OPTIONS = { factors: [TokenListFactor], pages: true };
const PAGES = '/account/security';

/** Somebody with a list, and what is left of it. */
interface Owner {
  id: string;
  client: Client;
  tokens: string[];
  recoveryCodes: string[];
}

async function withList(test: TestApp): Promise<Owner> {
  const id = newUserId();
  const client = test.client();
  await client.post('/login', { id });
  const begun = await client.post('/mfa/factors/token_list', { serial: 'B7' });
  expect(begun.status).toBe(201);
  const [first, ...tokens] = (begun.body.tokens as string).split(' ');
  const added = await client.post('/mfa/factors/token_list/activate', { code: first });
  expect(added.status).toBe(201);
  return { id, client, tokens, recoveryCodes: added.body.recoveryCodes as string[] };
}

describe('a factor of the application’s own', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: OPTIONS, adapter: PageAdapter });
  });
  afterAll(() => test.close());

  it('is set up as it says, and listed', async () => {
    const { client, recoveryCodes } = await withList(test);
    expect(recoveryCodes).toHaveLength(10);
    expect((await client.get('/mfa/authenticators')).body[0]).toMatchObject({
      type: 'token_list',
      name: 'Token list',
      serial: 'B7',
      tokensLeft: 4,
    });
    expect(JSON.stringify((await client.get('/mfa/authenticators')).body)).not.toContain('tokens":');
    const refused = await client.post('/mfa/factors/token_list', { serial: 'x' });
    expect(refused.body).toMatchObject({
      code: 'invalid_request',
      message: ['serial must be a letter and a digit'],
    });
  });

  it('signs in and steps up, each token once and in its order', async () => {
    const owner = await withList(test);
    const half = await halfSignIn(test, owner);
    expect((await half.get('/mfa/session')).body.methods).toEqual(['recovery_codes', 'token_list']);
    const [next, after] = owner.tokens as [string, string];
    expect((await half.post('/mfa/authenticate', { code: after })).body.code).toBe('incorrect_code');
    const all = await Promise.all(
      Array.from({ length: 6 }, () => half.clone().post('/mfa/authenticate', { code: next })),
    );
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
    test.clock.advance(301);
    expect((await owner.client.get('/protected')).body.methods).toEqual(['recovery_codes', 'token_list']);
    expect((await owner.client.post('/mfa/authenticate', { code: next })).body.code).toBe('incorrect_code');
    expect((await owner.client.post('/mfa/authenticate', { code: after })).status).toBe(200);
    expect((await owner.client.get('/protected')).status).toBe(200);
  });

  it('is not offered when it is used up, and locks and unlocks as any other', async () => {
    const owner = await withList(test);
    for (const code of owner.tokens) await owner.client.post('/mfa/authenticate', { code });
    expect((await owner.client.get('/mfa/status')).body.methods).toEqual(['recovery_codes']);
    const login = await test.client().post('/login', { id: owner.id });
    expect(login.body).toMatchObject({ status: 'mfa_required', methods: ['recovery_codes'] });
  });

  it('has pages, a card, and a way to be removed', async () => {
    const client = test.client();
    await client.post('/login', { id: newUserId() });
    const browser = PageClient.of(client);
    expect(textOf((await browser.get(PAGES)).text)).toContain('Set up: Token list');
    const add = `${PAGES}/factors/token_list/add`;
    await browser.submit(add, { begin: '1' });
    const page = textOf((await browser.get(add)).text);
    const [first] = /(\d{6} ){4}\d{6}/.exec(page)?.[0].split(' ') as [string];
    expect((await browser.submit(add, { code: first })).status).toBe(303);
    expect(textOf((await browser.get(PAGES)).text)).toContain('factors Token list Added');
    const [{ id }] = (await browser.get('/mfa/authenticators')).body;
    const removal = `${PAGES}/factors/token_list/remove?id=${id}`;
    expect((await browser.submit(removal)).status).toBe(303);
    expect(textOf((await browser.get(PAGES)).text)).toContain('You have no second factor yet.');
  });

  it('is asked for on the page of a sign-in', async () => {
    const owner = await withList(test);
    const half = PageClient.of(await halfSignIn(test, owner));
    const page = await half.get(`${PAGES}/authenticate`);
    expect(textOf(page.text)).toContain('Enter the code: Token list');
    const done = await half.submit(`${PAGES}/authenticate`, { code: owner.tokens[0] as string }, page);
    expect(done.status).toBe(303);
  });

  it('is removed by its user, by an administrator, and with its user', async () => {
    const one = await withList(test);
    const [{ id }] = (await one.client.get('/mfa/authenticators?type=token_list')).body;
    expect((await one.client.delete(`/mfa/authenticators/${id}`)).status).toBe(204);
    expect((await one.client.get('/mfa/status')).body).toMatchObject({ enabled: false });
    const two = await withList(test);
    await test.app.get(MfaAdminService).reset(two.id, 'lost the list');
    expect((await test.client().post('/login', { id: two.id })).body.status).toBe('authenticated');
    const three = await withList(test);
    const exported = await test.app.get(MfaService).exportUser(three.id);
    expect(exported.authenticators.map(({ type }) => type)).toContain('token_list');
    for (const token of three.tokens) expect(JSON.stringify(exported)).not.toContain(token);
    await test.app.get(MfaService).forgetUser(three.id);
    expect(await test.app.get(MfaService).getUserAuthenticators({ id: three.id })).toEqual([]);
  });

  it('leaves nothing of a set-up that was never finished', async () => {
    const client = test.client();
    await client.post('/login', { id: newUserId() });
    await client.post('/mfa/factors/token_list', { serial: 'C3' });
    const admin = test.app.get(MfaAdminService);
    expect(await admin.purgeExpired()).toMatchObject({ factorSetups: 0, factorRows: 0 });
    test.clock.advance(601);
    // Those of other tests that began one and went away go along.
    expect((await admin.purgeExpired()).factorSetups).toBeGreaterThanOrEqual(1);
    expect(await rowsOf(test.dataSource, 'SELECT id FROM mfa_factor_setup')).toEqual([]);
  });

  it('stands in claims as it says', async () => {
    const { client } = await withList(test);
    const [token] = [...client.cookies.values()];
    const session = await test.app.get(AuthenticationSessionService).verify(token as string);
    const claims = mfaClaims(session as NonNullable<typeof session>);
    expect(claims.amr).toEqual(['pwd', 'tan', 'mfa']);
  });

  it('may be named before it is known, and stops the boot when it never is', async () => {
    @Controller('list')
    class ListController {
      // A class is defined before the module that brings the factor along.
      @Get()
      @RequireMfa({ methods: ['later_list' as never] })
      get(): object {
        return {};
      }
    }
    class LaterFactor extends TokenListFactor {
      static override readonly traits = { type: 'later_list', label: 'Later' } as never;
    }
    await expect(startTestApp({ controllers: [ListController] })).rejects.toThrow(
      '`@RequireMfa({ methods })` on ListController.get names `later_list`, which is not a factor',
    );
    const app = await startTestApp({ controllers: [ListController], mfa: { factors: [LaterFactor] } });
    const { client } = await enroll(app);
    expect((await client.get('/list')).body).toMatchObject({
      code: 'mfa_enrollment_required',
      methods: ['later_list'],
    });
    await app.close();
  });

  it('can be demanded by name, in lists and in the policy', async () => {
    expect(() => RequireMfa({ methods: ['token_list'] })).not.toThrow();
    const owner = await withList(test);
    const app = await enroll(test);
    expect((await app.client.get('/mfa/authenticators?type=token_list')).body).toEqual([]);
    expect((await owner.client.get('/mfa/authenticators?type=token_list')).body).toHaveLength(1);
    test.clock.advance(30);
    expect(
      (await app.client.post('/mfa/authenticate', { code: codeOf(app.secret, test.clock) })).status,
    ).toBe(200);
  });

  it('is encrypted anew with another secret', async () => {
    const { orm, drop } = await sharedDatabase();
    const secrets = [
      'the first secret of a list of tokens',
      'the second secret of a list of tokens',
    ] as const;
    const before = await startTestApp({ orm, mfa: { ...OPTIONS, secret: secrets[0] }, adapter: PageAdapter });
    const owner = await withList(before);
    await before.app.close();
    const during = await startTestApp({
      orm,
      mfa: { ...OPTIONS, secret: [secrets[1], secrets[0]] },
      adapter: PageAdapter,
    });
    await expect(during.app.get(MfaAdminService).rotateSecret()).resolves.toEqual({
      rotated: 1,
      unreadable: 0,
    });
    await during.app.close();
    const after = await startTestApp({ orm, mfa: { ...OPTIONS, secret: secrets[1] }, adapter: PageAdapter });
    const half = await halfSignIn(after, owner);
    expect((await half.post('/mfa/authenticate', { code: owner.tokens[0] })).status).toBe(200);
    await after.app.close();
    await drop();
  });

  it('is the one that the documents show', () => {
    const source = readFileSync('test/fixtures/token-list.factor.ts', 'utf8');
    expect(readFileSync('docs/factors.md', 'utf8')).toContain(source);
    expect(source.split('\n').length).toBeLessThanOrEqual(150);
    expect(source.match(/from '(?!node:)[^']+'/g)).toEqual(["from 'nestjs-mfa'", "from 'nestjs-mfa'"]);
  });
});

describe('the page of a set-up', () => {
  /** Says more than texts, one of it by a name that the page has a use for. */
  class TalkativeFactor extends TokenListFactor {
    override begin(...given: Parameters<TokenListFactor['begin']>) {
      const begun = super.begin(...given);
      const more = {
        type: 'laminated',
        columns: ['A', 7],
        length: 5,
        nested: { at: 1 },
        none: [],
        isNew: true,
      };
      return { ...begun, answer: { ...begun.answer, ...more } };
    }
  }

  it('shows texts and numbers, and lists of these', async () => {
    const test = await startTestApp({
      adapter: PageAdapter,
      mfa: { factors: [TalkativeFactor], pages: true },
    });
    const client = test.client();
    await client.post('/login', { id: newUserId() });
    const browser = PageClient.of(client);
    const add = `${PAGES}/factors/token_list/add`;
    await browser.submit(add, { begin: '1' });
    const shown = textOf((await browser.get(add)).text);
    for (const detail of ['type: laminated', 'columns: A, 7', 'length: 5']) expect(shown).toContain(detail);
    expect(shown).not.toMatch(/nested|none|isNew|object/);
    await test.close();
  });
});
