/** @jest-environment-options {"ownModules": true} */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ForbiddenException } from '@nestjs/common';
import type { MfaBegunSetup, MfaFactorProof, MfaFactorTraits, MfaType } from 'nestjs-mfa';
import { MfaAdminService, MfaEvents, MfaFactor, MfaService } from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../../support/authenticator.js';
import { register } from '../../support/ceremonies.js';
import type { Client } from '../../support/client.js';
import { sharedDatabase } from '../../support/databases.js';
import { permittingLostSecret } from '../../support/inside.js';
import type { Enrolled, TestApp } from '../../support/test-app.js';
import {
  RELYING_PARTY,
  codeOf,
  enroll,
  halfSignIn,
  newUserId,
  startTestApp,
} from '../../support/test-app.js';

const TYPE = 'safe_word' as MfaType;
const RIGHT = '271828';
/** Of which it throws what it should answer. */
const THROWN = '314159';
const OTHER = '1618033';

/** A word in a safe, which stands in for a lost factor three times. */
class SafeWord extends MfaFactor {
  static readonly traits = { type: TYPE, role: 'backup' } as unknown as MfaFactorTraits;
  /** What it answers to a code in place of the truth. */
  static answer: unknown;
  /** The same for answers that are no value. */
  static verdict: (() => unknown) | undefined;

  begin(): MfaBegunSetup {
    return { data: 'x', expiresAt: new Date(this.mfa.clock.now() + 600_000), answer: {} };
  }

  activate(code: string): 'wrong' | MfaFactorProof {
    return this.judge(code, { remaining: 3 });
  }

  verify(code: string, { authenticator }: { authenticator: { remaining: number | null } }) {
    return this.judge(code, { remaining: (authenticator.remaining ?? 0) - 1 });
  }

  private judge(code: string, proof: MfaFactorProof): 'wrong' | MfaFactorProof {
    if (code === THROWN) throw new ForbiddenException('That is not the word');
    if (SafeWord.verdict) return SafeWord.verdict() as MfaFactorProof;
    if (SafeWord.answer !== undefined) return SafeWord.answer as MfaFactorProof;
    return code === RIGHT ? proof : 'wrong';
  }
}

const add = async (client: Client) => {
  expect((await client.post(`/mfa/factors/${TYPE}`)).status).toBe(201);
  const { status, body } = await client.post(`/mfa/factors/${TYPE}/activate`, { code: RIGHT });
  expect(status).toBe(201);
  return body.authenticator.id as string;
};

describe('a backup factor of the application’s own', () => {
  let test: TestApp;
  const events: string[] = [];
  beforeAll(async () => {
    test = await startTestApp({ mfa: { factors: [SafeWord] } });
    test.app.get(MfaEvents).on('*', ({ type }) => events.push(type));
  });
  afterAll(() => test.close());

  const withWord = async (): Promise<Enrolled & { wordId: string }> => {
    const user = await enroll(test);
    return { ...user, wordId: await add(user.client) };
  };

  const typesOf = async (client: Client) =>
    ((await client.get('/mfa/authenticators')).body as { type: string }[]).map(({ type }) => type).sort();

  it('goes alone, and the recovery codes go on working', async () => {
    for (const remove of [
      async ({ client, wordId }: Enrolled & { wordId: string }) =>
        expect((await client.delete(`/mfa/authenticators/${wordId}`)).status).toBe(204),
      ({ id, wordId }: Enrolled & { wordId: string }) =>
        test.app.get(MfaAdminService).reset(id, 'read aloud', { authenticatorId: wordId }),
    ]) {
      const user = await withWord();
      await remove(user);
      const half = await halfSignIn(test, user);
      const { status } = await half.post('/mfa/authenticate', { code: user.recoveryCodes[0] });
      expect(status).toBe(200);
      expect(await typesOf(half)).toEqual(['recovery_codes', 'totp']);
    }
  });

  it('goes with the last second factor, and opens no later one', async () => {
    for (const remove of [
      async ({ client, authenticatorId }: Enrolled) =>
        expect((await client.delete(`/mfa/authenticators/${authenticatorId}`)).status).toBe(204),
      ({ id, authenticatorId }: Enrolled) =>
        test.app.get(MfaAdminService).reset(id, 'lost', { authenticatorId }),
    ]) {
      const user = await withWord();
      await remove(user);
      const client = test.client();
      await client.post('/login', { id: user.id });
      expect(await typesOf(client)).toEqual([]);
      const { body } = await client.post('/mfa/totp');
      await client.post('/mfa/totp/activate', { code: codeOf(body.secret, test.clock) });
      const half = await halfSignIn(test, user);
      expect((await half.post('/mfa/authenticate', { code: RIGHT })).body.code).toBe('incorrect_code');
    }
  });

  it('that the adapter keeps also keeps the last second factor, and else is told of when it goes', async () => {
    const user = await withWord();
    const hook = test.adapter.canDeleteAuthenticator.bind(test.adapter);
    test.adapter.canDeleteAuthenticator = ({ type }) => type !== TYPE;
    const path = `/mfa/authenticators/${user.authenticatorId}`;
    expect((await user.client.delete(path)).body.code).toBe('cannot_delete_authenticator');
    expect(await typesOf(user.client)).toEqual(['recovery_codes', TYPE, 'totp']);
    test.adapter.canDeleteAuthenticator = hook;
    events.length = 0;
    expect((await user.client.delete(path)).status).toBe(204);
    expect(events.filter((type) => type === 'mfa.authenticator.removed')).toHaveLength(2);
  });

  it('stands in for nothing where there is no second factor', async () => {
    const [client, id] = [test.client(), newUserId()];
    await client.post('/login', { id });
    const { status, body } = await client.post(`/mfa/factors/${TYPE}`);
    expect([status, body.code]).toEqual([403, 'mfa_enrollment_required']);
    expect(body.methods).toContain('totp');
    expect(body.methods).not.toContain(TYPE);
  });

  it('is set up for nothing when the second factor goes meanwhile', async () => {
    const user = await enroll(test);
    await user.client.post(`/mfa/factors/${TYPE}`);
    await test.app.get(MfaAdminService).reset(user.id, 'lost');
    const again = test.client();
    await again.post('/login', { id: user.id });
    const answer = await again.post(`/mfa/factors/${TYPE}/activate`, { code: RIGHT });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(await typesOf(again)).toEqual([]);
  });

  it('is not told of as recovery codes when it is used', async () => {
    const user = await withWord();
    events.length = 0;
    const half = await halfSignIn(test, user);
    const { body } = await half.post('/mfa/authenticate', { code: RIGHT });
    expect(body.status).toBe('authenticated');
    expect(body).not.toHaveProperty('remainingRecoveryCodes');
    expect(events).toContain('mfa.authenticator.used');
    expect(events.filter((type) => type.startsWith('mfa.recovery_code'))).toEqual([]);
    const { recoveryCodes } = (await half.get('/mfa/status')).body as { recoveryCodes: object };
    expect(recoveryCodes).toMatchObject({ remaining: user.recoveryCodes.length });
  });

  it.each([false, true, 0, 1, 'right', 'Wrong', [], new Date(), { valid: true }, Promise, Symbol('yes')])(
    'that answers %p has proven nothing',
    async (answer) => {
      const user = await withWord();
      const half = await halfSignIn(test, user);
      await user.client.delete(`/mfa/authenticators/${user.wordId}`);
      await user.client.post(`/mfa/factors/${TYPE}`);
      SafeWord.answer = answer;
      try {
        const activation = await user.client.post(`/mfa/factors/${TYPE}/activate`, { code: RIGHT });
        expect(activation.status).toBe(500);
        expect(await typesOf(user.client)).toEqual(['recovery_codes', 'totp']);
        SafeWord.answer = undefined;
        await add(user.client);
        SafeWord.answer = answer;
        // It is as when one factor fails: the user's others go on, and the log says why.
        const { body } = await half.post('/mfa/authenticate', { code: RIGHT });
        expect(body.code).toBe('incorrect_code');
        expect(test.logger.lines.join('\n')).toContain(
          "must answer a code with 'wrong', 'not_applicable' or",
        );
        expect((await half.get('/protected')).status).toBe(401);
      } finally {
        SafeWord.answer = undefined;
      }
    },
  );
});

describe('one that throws a no in place of answering it', () => {
  it('has judged the code: each is an attempt', async () => {
    const test = await startTestApp({ mfa: { factors: [SafeWord] } });
    const user = await enroll(test);
    await user.client.post(`/mfa/factors/${TYPE}`);
    const activate = (code: string) => user.client.post(`/mfa/factors/${TYPE}/activate`, { code });
    expect((await activate(THROWN)).status).toBe(403);
    expect((await activate(RIGHT)).status).toBe(201);
    const half = await halfSignIn(test, user);
    for (let turn = 0; turn < 4; turn++)
      expect((await half.post('/mfa/authenticate', { code: THROWN })).body.code).toBe('incorrect_code');
    expect((await half.post('/mfa/authenticate', { code: THROWN })).body.code).toBe('too_many_attempts');
    await test.close();
  });
});

describe('one whose second factor is discarded', () => {
  it('goes along when no secret opens what it stands in for', async () => {
    const LOST = 'the lost secret of the safe, of 32 bytes or more';
    const NEW = 'the new secret of the safe, of 32 bytes or more';
    const { orm, drop } = await sharedDatabase();
    const start = (secret: string | string[]) =>
      startTestApp({ orm, mfa: { factors: [SafeWord], webauthn: RELYING_PARTY, secret } });

    const before = await start(LOST);
    const [alone, keeper] = [await enroll(before), await enroll(before)];
    await before.app.close();
    const during = await start([NEW, LOST]);
    for (const user of [alone, keeper]) {
      const half = await halfSignIn(during, user);
      await half.post('/mfa/authenticate', { code: user.recoveryCodes[0] });
      if (user === keeper) await register(half, new SoftwareAuthenticator());
      await add(half);
    }
    await during.app.close();

    const after = await permittingLostSecret(() => start(NEW));
    after.clock.advance(600);
    await after.app.get(MfaAdminService).discardUnreadable();
    const left = async ({ id }: Enrolled) => {
      const { authenticators } = await after.app.get(MfaService).exportUser(id);
      return authenticators.map(({ type }) => type).sort();
    };
    expect([await left(alone), await left(keeper)]).toEqual([[], [TYPE, 'webauthn']]);
    await after.app.close();
    await drop();
  });
});

describe('one that answers neither yes nor no', () => {
  it.each([false, undefined])('has judged the code: each %p is an attempt', async (answer) => {
    const test = await startTestApp({ mfa: { factors: [SafeWord] } });
    const user = await enroll(test);
    await add(user.client);
    await user.client.post(`/mfa/factors/${TYPE}`);
    const half = await halfSignIn(test, user);
    SafeWord.verdict = () => answer;
    try {
      // Neither the app nor the recovery codes have codes of this length, so nothing else counts it.
      const guess = async () => (await half.post('/mfa/authenticate', { code: OTHER })).body.code as string;
      for (let turn = 0; turn < 5; turn++) expect(await guess()).toBe('incorrect_code');
      expect(await guess()).toBe('too_many_attempts');
    } finally {
      SafeWord.verdict = undefined;
      await test.close();
    }
  });

  it('has judged the code of a set-up, too', async () => {
    const test = await startTestApp({ mfa: { factors: [SafeWord] } });
    const user = await enroll(test);
    await user.client.post(`/mfa/factors/${TYPE}`);
    SafeWord.verdict = () => false;
    try {
      const guess = async () =>
        (await user.client.post(`/mfa/factors/${TYPE}/activate`, { code: OTHER })).status;
      for (let turn = 0; turn < 5; turn++) expect(await guess()).toBe(500);
      expect(await guess()).toBe(429);
    } finally {
      SafeWord.verdict = undefined;
      await test.close();
    }
  });
});
