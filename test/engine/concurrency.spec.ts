import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';

import type { MfaUser } from 'nestjs-mfa';
import { DefaultMfaAdapter, RecoveryCodesService } from 'nestjs-mfa';

import { rowsOf } from '../support/databases.js';
import type { Answer } from '../support/client.js';
import { Gate } from '../support/gate.js';
import { beforeEachCommit } from '../support/inside.js';
import type { TestApp } from '../support/test-app.js';
import { codeOf, enroll, halfSignIn, newUserId, startTestApp } from '../support/test-app.js';

const statuses = (answers: Answer[], status: number) => answers.filter((answer) => answer.status === status);
const times = <T>(count: number, make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, i) => make(i)));

/** Stops requests where a test wants them: after the session was read, or while a set of codes is planned. */
class PausingAdapter extends DefaultMfaAdapter {
  static readonly planned = new Gate();
  static readonly session = new Gate();

  override async getUser(request: object): Promise<MfaUser | null> {
    const user = await super.getUser(request);
    await PausingAdapter.session.pass();
    return user;
  }

  override async generateAuthenticatorName(
    ...args: Parameters<DefaultMfaAdapter['generateAuthenticatorName']>
  ): Promise<string> {
    await PausingAdapter.planned.pass();
    return super.generateAuthenticatorName(...args);
  }
}

describe('a change of factors that another one overtakes', () => {
  it('is decided anew: no recovery codes without a factor', async () => {
    const test = await startTestApp({ adapter: PausingAdapter });
    const { id, client, authenticatorId } = await enroll(test);
    PausingAdapter.planned.close();
    const generated = test.app.get(RecoveryCodesService).generate({ id });
    // It has read that there is a factor; now the factor goes.
    await PausingAdapter.planned.holds(1);
    expect((await client.delete(`/mfa/authenticators/${authenticatorId}`)).status).toBe(204);
    PausingAdapter.planned.open();
    await expect(generated).rejects.toMatchObject({ code: 'cannot_generate_recovery_codes' });
    expect((await client.get('/mfa/authenticators')).body).toEqual([]);
    expect((await client.get('/mfa/recovery-codes')).body.total).toBe(0);
    await test.close();
  });

  it('is given up in time, also when others never stop and the clock does not go on', async () => {
    const test = await startTestApp({ mfa: { storage: { timeoutSeconds: 1 } } });
    const { id } = await enroll(test);
    const table = test.dataSource.entityMetadatas.find(({ name }) => name === 'MfaUserState')?.tablePath;
    beforeEachCommit(test.app, async () => {
      await test.dataSource.query(`UPDATE ${table} SET version = version + 1`);
    });
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now());
    try {
      const changed = test.app.get(RecoveryCodesService).generate({ id });
      await expect(changed).rejects.toMatchObject({ code: 'conflict' });
    } finally {
      clock.mockRestore();
    }
    await test.close();
  }, 5000);
});

describe('proofs that come at once in one session', () => {
  it('add one of them, and use up no other code', async () => {
    const test = await startTestApp({ adapter: PausingAdapter });
    const { client, recoveryCodes } = await enroll(test);
    PausingAdapter.session.close();
    const sent = times(5, (index) =>
      client.clone().post('/mfa/authenticate', { code: recoveryCodes[index] }),
    );
    // All of them have read the session by now.
    await PausingAdapter.session.holds(5);
    PausingAdapter.session.open();
    const answers = await sent;
    expect(statuses(answers, 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'session_expired')).toHaveLength(4);
    const cookie = statuses(answers, 200)[0]?.headers.get('set-cookie')?.split(';')[0] ?? '';
    expect((await test.client({ cookie }).get('/mfa/recovery-codes')).body.remaining).toBe(9);
    await test.close();
  });
});

describe('parallel requests', () => {
  let test: TestApp;
  let roomy: TestApp;
  beforeAll(async () => {
    // 25 changes of one user wait for each other, and the machine may be busy.
    const storage = { timeoutSeconds: 15 };
    test = await startTestApp({ mfa: { storage } });
    roomy = await startTestApp({ mfa: { storage, rateLimit: { attempts: 1000 } } });
  });
  afterAll(async () => {
    await test.close();
    await roomy.close();
  });

  it('with one code in one half-finished sign-in finish it once', async () => {
    const { id, secret } = await enroll(roomy);
    const half = await halfSignIn(roomy, { id });
    const code = codeOf(secret, roomy.clock);
    const answers = await times(25, () => half.clone().post('/mfa/authenticate', { code }));
    expect(statuses(answers, 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status !== 200 && status !== 400 && status !== 401)).toEqual([]);
  });

  it('with one code in 25 half-finished sign-ins finish one of them', async () => {
    const { id, secret } = await enroll(roomy);
    const halves = await times(25, () => halfSignIn(roomy, { id }));
    const code = codeOf(secret, roomy.clock);
    const answers = await Promise.all(halves.map((half) => half.post('/mfa/authenticate', { code })));
    expect(statuses(answers, 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'incorrect_code')).toHaveLength(24);
  });

  it('with one recovery code use it once', async () => {
    const { id, recoveryCodes, client } = await enroll(roomy);
    const halves = await times(25, () => halfSignIn(roomy, { id }));
    const answers = await Promise.all(
      halves.map((half) => half.post('/mfa/authenticate', { code: recoveryCodes[0] })),
    );
    expect(statuses(answers, 200)).toHaveLength(1);
    expect((await client.get('/mfa/recovery-codes')).body.remaining).toBe(9);
    const { body } = await client.get('/mfa/authenticators?type=recovery_codes');
    expect(body[0].remaining).toBe(9);
  });

  it('with ten different recovery codes use all ten', async () => {
    const { id, recoveryCodes, client } = await enroll(roomy);
    const halves = await times(10, () => halfSignIn(roomy, { id }));
    const answers = await Promise.all(
      halves.map((half, index) => half.post('/mfa/authenticate', { code: recoveryCodes[index] })),
    );
    expect(statuses(answers, 200)).toHaveLength(10);
    expect((await client.get('/mfa/recovery-codes')).body.remaining).toBe(0);
  });

  it('with one activation activate once, and make one set of codes', async () => {
    const client = roomy.client();
    const id = newUserId();
    await client.post('/login', { id });
    const { body: setup } = await client.post('/mfa/totp');
    const code = codeOf(setup.secret, roomy.clock);
    const answers = await times(25, () => client.clone().post('/mfa/totp/activate', { code }));
    const [winner] = statuses(answers, 201);
    expect(statuses(answers, 201)).toHaveLength(1);
    expect(winner?.body.recoveryCodes).toHaveLength(10);
    // The token changed with the success, so those that came later are signed out.
    expect(answers.filter(({ status }) => ![201, 409, 401].includes(status))).toEqual([]);
    const [{ count }] = await rowsOf(
      roomy.dataSource,
      'SELECT COUNT(*) AS count FROM mfa_authenticator WHERE user_id = ?',
      [id],
    );
    expect(count).toBe(2);
  });

  it('with wrong codes are verified as often as the budget allows', async () => {
    const { id } = await enroll(test);
    const halves = await times(60, () => halfSignIn(test, { id }));
    const answers = await Promise.all(
      halves.map((half) => half.post('/mfa/authenticate', { code: '000000' })),
    );
    expect(answers.filter(({ body }) => body.code === 'incorrect_code')).toHaveLength(5);
    expect(answers.filter(({ body }) => body.code === 'too_many_attempts')).toHaveLength(55);
  });

  it('of a user without a row are counted from the first on', async () => {
    const client = test.client();
    const id = newUserId();
    await client.post('/login', { id });
    await client.post('/mfa/totp');
    const answers = await times(60, () => client.clone().post('/mfa/totp/activate', { code: '000000' }));
    expect(answers.filter(({ body }) => body.code === 'incorrect_code')).toHaveLength(5);
    expect(statuses(answers, 429)).toHaveLength(55);
  });

  it('to remove the last factor remove it once, and its codes with it', async () => {
    const { client, authenticatorId } = await enroll(test);
    const answers = await times(10, () => client.clone().delete(`/mfa/authenticators/${authenticatorId}`));
    expect(statuses(answers, 204)).toHaveLength(1);
    expect(answers.filter(({ status }) => ![204, 404, 401].includes(status))).toEqual([]);
    expect((await client.get('/mfa/recovery-codes')).body.total).toBe(0);
  });

  it('to make recovery codes leave one whole set', async () => {
    const { client, id } = await enroll(test);
    const answers = await times(25, () => client.clone().post('/mfa/recovery-codes'));
    // One after the other: contention is no outage.
    const made = statuses(answers, 201);
    expect(made).toHaveLength(25);
    expect((await client.get('/mfa/recovery-codes')).body).toMatchObject({ total: 10, remaining: 10 });
    const half = await halfSignIn(test, { id });
    const results = await times(made.length, (index) =>
      half.clone().post('/mfa/authenticate', { code: made[index]?.body.codes[0] }),
    );
    expect(statuses(results, 200).length).toBeLessThanOrEqual(1);
  });
});
