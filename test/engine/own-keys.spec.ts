import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

import { afterEach, describe, expect, it } from '@jest/globals';
import type { MfaEncryptionContext } from 'nestjs-mfa';
import { MfaAdminService, RecoveryCodesService } from 'nestjs-mfa';

import { PAGES } from '../pages/support.js';
import { rowsOf, sharedDatabase } from '../support/databases.js';
import { hiddenFields } from '../support/html.js';
import { PageClient } from '../support/page-client.js';
import type { TestApp } from '../support/test-app.js';
import {
  RELYING_PARTY,
  SECRET,
  TestAdapter,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
} from '../support/test-app.js';

const NEW = 'the new secret of the tests, of 32 bytes or more';

const mfa = {
  webauthn: RELYING_PARTY,
  passkeyLogin: true,
  pages: true,
  gracePeriodSeconds: 86_400,
  rateLimit: { attempts: 50 },
};

/** What a key service would hold: one of the application's own, which never leaves it. */
const MASTER = randomBytes(32);

/** An adapter with a key service, whose moods the tests set. */
class OwnKeyAdapter extends TestAdapter {
  /** What it was asked for, by purpose and id. */
  readonly asked: string[] = [];
  mood: 'well' | 'away' | 'silent' | 'confused' = 'well';

  override async encrypt(text: string, context: MfaEncryptionContext): Promise<string> {
    await this.answer(context);
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', MASTER, iv).setAAD(Buffer.from(JSON.stringify(context)));
    const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return ['kms', ...[iv, cipher.getAuthTag(), data].map((part) => part.toString('base64url'))].join(':');
  }

  override async decrypt(text: string, context: MfaEncryptionContext): Promise<string> {
    await this.answer(context);
    // Data of factors from before; which keys are, the module knows itself.
    if (!text.startsWith('kms:') && context.purpose !== 'key') return super.decrypt(text, context);
    const [, iv = '', tag = '', data = ''] = text.split(':');
    const decipher = createDecipheriv('aes-256-gcm', MASTER, Buffer.from(iv, 'base64url'))
      .setAAD(Buffer.from(JSON.stringify(context)))
      .setAuthTag(Buffer.from(tag, 'base64url'));
    const opened = Buffer.concat([decipher.update(Buffer.from(data, 'base64url')), decipher.final()]);
    return this.mood === 'confused' && context.purpose === 'key' ? '' : opened.toString('utf8');
  }

  /** Only keys are refused: the data of factors may be with another service. */
  private async answer({ purpose, recordId }: MfaEncryptionContext): Promise<void> {
    if (purpose !== 'key') return;
    this.asked.push(recordId);
    if (this.mood === 'away') throw new Error('The key service is away');
    if (this.mood === 'silent') await new Promise(() => undefined);
  }
}

const keyData = async (test: TestApp): Promise<string[]> =>
  (await rowsOf(test.dataSource, "SELECT data FROM mfa_key WHERE data <> ''")).map(({ data }) => data);

const adapterOf = ({ adapter }: TestApp) => adapter as OwnKeyAdapter;

const codeAnswer = async (test: TestApp, user: { id: string }, code: string | undefined) => {
  const { status, body } = await (await halfSignIn(test, user)).post('/mfa/authenticate', { code });
  return [status, body.code];
};
const RIGHT = [200, undefined];
const AWAY = [503, 'storage_unavailable'];

const challengeAnswer = async (test: TestApp) => {
  const { status, body } = await test.client().post('/mfa/passkey/options');
  return [status, body.code];
};

const tokenOf = async (test: TestApp): Promise<string> =>
  hiddenFields((await PageClient.of(test.client()).get(`${PAGES}/passkey`)).text)['_csrf'] as string;

const formStatus = async (test: TestApp, _csrf: string) =>
  (await PageClient.of(test.client()).form(`${PAGES}/passkey`, { _csrf, credential: '{}' })).status;

describe('keys of the module with a key service of the application', () => {
  const close: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const one of close.splice(0).reverse()) await one();
  });

  const shared = async () => {
    const { orm, drop } = await sharedDatabase();
    close.push(drop);
    return orm;
  };

  const start = async (
    orm: Awaited<ReturnType<typeof shared>>,
    options: { adapter?: typeof TestAdapter; secret?: string | string[]; timeoutSeconds?: number } = {},
  ): Promise<TestApp> => {
    const { adapter = OwnKeyAdapter, secret = SECRET, timeoutSeconds = 10 } = options;
    const test = await startTestApp({
      orm,
      adapter,
      mfa: { ...mfa, secret, storage: { timeoutSeconds } },
    });
    close.push(() => test.close());
    test.clock.advance(300 * close.length);
    return test;
  };

  /** An adapter that starts in that mood. */
  const moody = (mood: OwnKeyAdapter['mood']) =>
    class extends OwnKeyAdapter {
      override mood = mood;
    };

  it('are wrapped by it alone, asked for once, and there again after a restart', async () => {
    const orm = await shared();
    const before = await start(orm);
    const user = await enroll(before);
    const token = await tokenOf(before);
    const rows = await keyData(before);
    expect(rows).toHaveLength(2);
    expect(rows.filter((data) => !data.startsWith('kms:'))).toEqual([]);
    const asked = adapterOf(before).asked.length;
    for (const code of user.recoveryCodes.slice(0, 3))
      expect(await codeAnswer(before, user, code)).toEqual(RIGHT);
    expect(await formStatus(before, token)).toBe(422);
    expect(await challengeAnswer(before)).toEqual(RIGHT);
    expect(adapterOf(before).asked).toHaveLength(asked);

    const after = await start(orm);
    const booted = adapterOf(after).asked;
    expect([...booted].sort()).toEqual(['recovery-codes', expect.stringMatching(/^visible:/)]);
    expect(await codeAnswer(after, user, user.recoveryCodes[3])).toEqual(RIGHT);
    expect(await formStatus(after, token)).toBe(422);
    expect(adapterOf(after).asked).toHaveLength(2);
  });

  it('are replaced there too, each bound to its id', async () => {
    const orm = await shared();
    const test = await start(orm);
    const ada = await enroll(test);
    await test.app.get(MfaAdminService).replaceRecoveryCodeKey();
    const bob = await enroll(test);
    const again = await start(orm);
    for (const user of [ada, bob])
      expect(await codeAnswer(again, user, user.recoveryCodes[0])).toEqual(RIGHT);
    expect((await keyData(test)).filter((data) => !data.startsWith('kms:'))).toEqual([]);
    const [row] = await rowsOf(test.dataSource, "SELECT data FROM mfa_key WHERE id = 'recovery-codes'");
    await rowsOf(test.dataSource, "UPDATE mfa_key SET data = ? WHERE id LIKE 'recovery-codes:%'", [row.data]);
    const moved = await start(orm);
    expect(await codeAnswer(moved, bob, bob.recoveryCodes[1])).toEqual(AWAY);
    expect(await codeAnswer(moved, ada, ada.recoveryCodes[1])).toEqual(RIGHT);
  });

  it('go on working from before the adapter had one, and are handed over by `rotate-secret`', async () => {
    const orm = await shared();
    const before = await start(orm, { adapter: TestAdapter });
    const user = await enroll(before);
    const token = await tokenOf(before);
    const under = await keyData(before);
    expect(under.filter((data) => !data.startsWith('v1.'))).toEqual([]);

    const between = await start(orm);
    expect(await codeAnswer(between, user, user.recoveryCodes[0])).toEqual(RIGHT);
    expect(await formStatus(between, token)).toBe(422);
    expect(await keyData(between)).toEqual(under);
    const admin = between.app.get(MfaAdminService);
    expect((await admin.rotateSecret()).unreadable).toBe(0);
    const handedOver = await keyData(between);
    expect(handedOver.filter((data) => !data.startsWith('kms:'))).toEqual([]);
    await admin.rotateSecret();
    expect(await keyData(between)).toEqual(handedOver);

    const after = await start(orm);
    expect(await codeAnswer(after, user, user.recoveryCodes[1])).toEqual(RIGHT);
    expect(await formStatus(after, token)).toBe(422);
  });

  it('outlive a secret that is replaced', async () => {
    const orm = await shared();
    const before = await start(orm);
    const user = await enroll(before);
    const both = await start(orm, { secret: [NEW, SECRET] });
    const token = await tokenOf(both);
    expect((await both.app.get(MfaAdminService).rotateSecret()).unreadable).toBe(0);
    const after = await start(orm, { secret: NEW });
    expect(await codeAnswer(after, user, user.recoveryCodes[0])).toEqual(RIGHT);
    expect(await codeAnswer(after, user, codeOf(user.secret, after.clock))).toEqual(RIGHT);
    expect(await formStatus(after, token)).toBe(422);
  });

  it('keep nothing else from working while it is away, and are asked for again', async () => {
    const orm = await shared();
    const before = await start(orm);
    const user = await enroll(before);
    const test = await start(orm, { adapter: moody('away') });
    expect(test.logger.lines.join('\n')).toContain('The key service is away');

    // Neither verified nor counted, for longer than the budget lasts.
    const half = await halfSignIn(test, user);
    for (let i = 0; i < 60; i++) {
      const { status, body } = await half.post('/mfa/authenticate', { code: user.recoveryCodes[0] });
      expect([status, body.code]).toEqual(AWAY);
    }
    expect((await half.post('/mfa/authenticate', { code: '000000' })).body.code).toBe('incorrect_code');
    expect(await codeAnswer(test, user, codeOf(user.secret, test.clock))).toEqual(RIGHT);
    expect(await challengeAnswer(test)).toEqual(AWAY);
    const client = test.client();
    await client.post('/login', { id: newUserId() });
    const { body: setup } = await client.post('/mfa/totp');
    const activate = async () => {
      const { status, body } = await client.post('/mfa/totp/activate', {
        code: codeOf(setup.secret, test.clock),
      });
      return [status, body.code];
    };
    // Without codes the new factor would have nothing to stand in for it: the set-up can be finished later.
    expect(await activate()).toEqual(AWAY);
    await expect(test.app.get(MfaAdminService).replaceRecoveryCodeKey()).rejects.toThrow('is away');
    await expect(test.app.get(MfaAdminService).discardUnreadable()).rejects.toThrow('is away');

    adapterOf(test).mood = 'well';
    expect(await challengeAnswer(test)).toEqual(RIGHT);
    expect(await activate()).toEqual([201, undefined]);
    expect(await codeAnswer(test, user, user.recoveryCodes[0])).toEqual(RIGHT);
  });

  it('refuse within `storage.timeoutSeconds` when it does not answer at all', async () => {
    const orm = await shared();
    const test = await start(orm, { adapter: moody('silent'), timeoutSeconds: 1 });
    expect(await challengeAnswer(test)).toEqual(AWAY);
    adapterOf(test).mood = 'well';
    expect(await challengeAnswer(test)).toEqual(RIGHT);
  });

  it('are none when it answers with something else', async () => {
    const orm = await shared();
    const before = await start(orm);
    const user = await enroll(before);
    const under = await keyData(before);
    const test = await start(orm, { adapter: moody('confused') });
    expect(await codeAnswer(test, user, user.recoveryCodes[0])).toEqual(AWAY);
    expect(await challengeAnswer(test)).toEqual(AWAY);
    const codes = test.app.get(RecoveryCodesService);
    await expect(codes.generate({ id: user.id })).rejects.toMatchObject({ code: 'storage_unavailable' });
    await expect(test.app.get(MfaAdminService).replaceRecoveryCodeKey()).rejects.toThrow(
      'did not return a key',
    );
    expect(await keyData(test)).toEqual(under);
    adapterOf(test).mood = 'well';
    expect(await codeAnswer(test, user, user.recoveryCodes[0])).toEqual(RIGHT);
  });
});
