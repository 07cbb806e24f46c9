import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Authenticator } from 'nestjs-mfa';

import { PausingAdapter } from '../support/overlap.js';
import type { TestApp } from '../support/test-app.js';
import { codeOf, enroll, halfSignIn, startTestApp } from '../support/test-app.js';

describe('the budget of attempts', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp();
  });
  afterAll(() => test.close());

  it('is spent after five wrong codes, also for a right one, and comes back after the window', async () => {
    const { id, secret } = await enroll(test);
    const client = await halfSignIn(test, { id });
    for (let guess = 0; guess < 5; guess++) {
      expect((await client.post('/mfa/authenticate', { code: '000000' })).body.code).toBe('incorrect_code');
    }
    test.clock.advance(100);
    const refused = await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
    expect([refused.status, refused.body.code, refused.body.retryAfter]).toEqual([
      429,
      'too_many_attempts',
      200,
    ]);
    expect(refused.headers.get('retry-after')).toBe('200');
    test.clock.advance(199);
    expect((await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) })).status).toBe(429);
    test.clock.advance(1);
    expect((await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) })).status).toBe(200);
  });

  it('is shared by all factors, by step-up and by new sign-ins', async () => {
    const { id, client, recoveryCodes, secret } = await enroll(test);
    for (const code of ['000000', '00000000', '0000-0000']) {
      const half = await halfSignIn(test, { id });
      expect((await half.post('/mfa/authenticate', { code })).body.code).toBe('incorrect_code');
    }
    for (const code of ['111111', '11111111']) {
      expect((await client.post('/mfa/authenticate', { code })).body.code).toBe('incorrect_code');
    }
    const half = await halfSignIn(test, { id });
    for (const code of [recoveryCodes[0], codeOf(secret, test.clock)]) {
      expect((await half.post('/mfa/authenticate', { code })).status).toBe(429);
      expect((await client.post('/mfa/authenticate', { code })).status).toBe(429);
    }
  });

  it('gives a success its own attempt back and no other', async () => {
    const { id, secret } = await enroll(test);
    for (let guess = 0; guess < 4; guess++) {
      const half = await halfSignIn(test, { id });
      await half.post('/mfa/authenticate', { code: '000000' });
    }
    const half = await halfSignIn(test, { id });
    expect((await half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) })).status).toBe(200);
    const again = await halfSignIn(test, { id });
    expect((await again.post('/mfa/authenticate', { code: '000000' })).body.code).toBe('incorrect_code');
    expect((await again.post('/mfa/authenticate', { code: codeOf(secret, test.clock, 1) })).status).toBe(429);
  });

  it('covers the codes of a set-up', async () => {
    const client = test.client();
    await client.post('/login', { id: 'guesser' });
    await client.post('/mfa/totp');
    for (let guess = 0; guess < 5; guess++) {
      expect((await client.post('/mfa/totp/activate', { code: '000000' })).body.code).toBe('incorrect_code');
    }
    expect((await client.post('/mfa/totp/activate', { code: '000000' })).status).toBe(429);
  });

  it('can be spent by nobody without the password', async () => {
    const { id, secret } = await enroll(test);
    const stranger = test.client();
    for (let guess = 0; guess < 10; guess++) {
      expect((await stranger.post('/mfa/authenticate', { code: '000000' })).status).toBe(401);
    }
    const half = await halfSignIn(test, { id });
    expect((await half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) })).status).toBe(200);
  });

  it('is spent by codes that no factor of the user’s could have made', async () => {
    const { id, secret } = await enroll(test);
    const client = await halfSignIn(test, { id });
    for (let guess = 0; guess < 5; guess++) {
      expect((await client.post('/mfa/authenticate', { code: '1234567' })).body.code).toBe('incorrect_code');
    }
    expect((await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) })).body.code).toBe(
      'too_many_attempts',
    );
  });

  it('is not spent by what is no code at all', async () => {
    const { id, secret } = await enroll(test);
    const half = await halfSignIn(test, { id });
    for (let guess = 0; guess < 10; guess++) {
      expect((await half.post('/mfa/authenticate', { code: 'nonsense!' })).body.code).toBe('invalid_request');
    }
    expect((await half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) })).status).toBe(200);
  });

  it('stays spent when the clock goes backwards', async () => {
    const { id, secret } = await enroll(test);
    const half = await halfSignIn(test, { id });
    for (let guess = 0; guess < 5; guess++) await half.post('/mfa/authenticate', { code: '000000' });
    test.clock.advance(-3600);
    expect((await half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) })).status).toBe(429);
    test.clock.advance(3600);
  });
});

describe('a right code whose commit the database refuses', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { audit: { enabled: true } } });
  });
  afterAll(() => test.close());

  /** Takes the table of the audit trail away meanwhile, without which no proof is committed. */
  async function refusingProofs<T>(work: () => Promise<T>): Promise<T> {
    const table = test.dataSource.entityMetadatas.find(({ name }) => name === 'MfaAuditEntry')?.tableName;
    await test.dataSource.query(`ALTER TABLE ${table} RENAME TO ${table}_away`);
    try {
      return await work();
    } finally {
      await test.dataSource.query(`ALTER TABLE ${table}_away RENAME TO ${table}`);
    }
  }

  it('grants nothing and costs no attempt, in a sign-in or to activate an app', async () => {
    const { id, secret } = await enroll(test);
    const half = await halfSignIn(test, { id });
    const code = codeOf(secret, test.clock);
    await refusingProofs(async () => {
      for (let time = 0; time < 6; time++) {
        const { status, body } = await half.post('/mfa/authenticate', { code });
        expect([status, body.code]).toEqual([503, 'storage_unavailable']);
      }
    });
    expect((await half.get('/protected')).status).toBe(401);
    expect((await half.post('/mfa/authenticate', { code })).status).toBe(200);

    const newcomer = test.client();
    await newcomer.post('/login', { id: `${id}-new` });
    const setup = (await newcomer.post('/mfa/totp')).body as { secret: string };
    const first = { code: codeOf(setup.secret, test.clock) };
    await refusingProofs(async () => {
      for (let time = 0; time < 6; time++)
        expect((await newcomer.post('/mfa/totp/activate', first)).status).toBe(503);
    });
    expect((await newcomer.post('/mfa/totp/activate', first)).status).toBe(201);
  });
});

describe('the cap of consecutive failures', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      mfa: { rateLimit: { attempts: 50, lockAfter: 3 } },
      adapter: PausingAdapter,
    });
  });
  afterAll(() => test.close());

  it('disables that authenticator and no other, whatever the code, and does not pass with time', async () => {
    const { id, secret, recoveryCodes, client } = await enroll(test);
    const half = await halfSignIn(test, { id });
    for (let guess = 0; guess < 3; guess++) {
      expect((await half.post('/mfa/authenticate', { code: '000000' })).body.code).toBe('incorrect_code');
    }
    test.clock.advance(800);
    for (const code of [codeOf(secret, test.clock), '000000']) {
      const { status, body } = await half.post('/mfa/authenticate', { code });
      expect([status, body.code]).toEqual([403, 'authenticator_locked']);
    }
    const other = test.client();
    expect((await other.post('/login', { id })).body.methods).toEqual(['recovery_codes']);
    expect((await client.get('/mfa/authenticators')).body).toEqual([
      expect.objectContaining({ type: 'totp', locked: true }),
      expect.objectContaining({ type: 'recovery_codes', locked: false }),
    ]);
    expect((await half.post('/mfa/authenticate', { code: recoveryCodes[0] })).status).toBe(200);
  });

  it('starts anew after a success', async () => {
    const { id, secret } = await enroll(test);
    for (const step of [0, 1]) {
      const half = await halfSignIn(test, { id });
      for (const code of ['000000', '000001']) await half.post('/mfa/authenticate', { code });
      const code = codeOf(secret, test.clock, step);
      expect((await half.post('/mfa/authenticate', { code })).status).toBe(200);
    }
  });

  it('holds for recovery codes too, and a new set opens them', async () => {
    const { id, recoveryCodes, client } = await enroll(test);
    const half = await halfSignIn(test, { id });
    for (let guess = 0; guess < 3; guess++) await half.post('/mfa/authenticate', { code: '00000000' });
    expect((await half.post('/mfa/authenticate', { code: recoveryCodes[0] })).body.code).toBe(
      'authenticator_locked',
    );
    const { body } = await client.post('/mfa/recovery-codes');
    expect((await half.post('/mfa/authenticate', { code: body.codes[0] })).status).toBe(200);
  });

  it('is noted by the next guess where the server died after the last one was counted', async () => {
    const { id, authenticatorId } = await enroll(test);
    const rows = test.dataSource.getRepository(Authenticator);
    const half = await halfSignIn(test, { id });
    for (let guess = 0; guess < 3; guess++) await half.post('/mfa/authenticate', { code: '000000' });
    await rows.update({ id: authenticatorId }, { lockedAt: null });
    const from = test.adapter.notifications.length;
    expect((await half.post('/mfa/authenticate', { code: '000000' })).body.code).toBe('authenticator_locked');
    expect((await rows.findOneByOrFail({ id: authenticatorId })).lockedAt).not.toBeNull();
    await test.settled();
    expect(test.adapter.notifications.slice(from).map(({ type }) => type)).toEqual(['authenticator_locked']);
  });

  it('does not use up the budget once it is reached', async () => {
    const { id } = await enroll(test);
    const half = await halfSignIn(test, { id });
    for (let guess = 0; guess < 60; guess++) {
      expect((await half.post('/mfa/authenticate', { code: '000000' })).status).toBe(guess < 3 ? 400 : 403);
    }
  });

  it('verifies no more than the cap, however many guesses come at once, and says so once', async () => {
    const { id, secret } = await enroll(test);
    const from = test.adapter.notifications.length;
    const halves = await Promise.all(Array.from({ length: 30 }, () => halfSignIn(test, { id })));
    const answers = await PausingAdapter.overlap(
      halves.map((half) => () => half.post('/mfa/authenticate', { code: '000000' })),
    );
    expect(answers.filter(({ body }) => body.code === 'incorrect_code')).toHaveLength(3);
    expect(answers.filter(({ body }) => body.code === 'authenticator_locked')).toHaveLength(27);
    expect(test.adapter.notifications.slice(from).map(({ type }) => type)).toEqual(['authenticator_locked']);
    const half = await halfSignIn(test, { id });
    expect((await half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) })).status).toBe(403);
  });
});
