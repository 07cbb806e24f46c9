import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MfaUserListState } from 'nestjs-mfa';
import { MfaAdminService, MfaAuditService, MfaUserState } from 'nestjs-mfa';

import { SoftwareAuthenticator } from '../support/authenticator.js';
import type { Client } from '../support/client.js';
import { ENGINE, rowsOf } from '../support/databases.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, codeOf, enroll, newUserId, startTestApp } from '../support/test-app.js';

describe('lists for administrators', () => {
  let test: TestApp;
  let admin: MfaAdminService;
  beforeAll(async () => {
    test = await startTestApp({
      mfa: { webauthn: RELYING_PARTY, audit: { enabled: true }, gracePeriodSeconds: 86_400 },
    });
    admin = test.app.get(MfaAdminService);
  });
  afterAll(() => test.close());

  const addKey = async (client: Client): Promise<string> => {
    const { body } = await client.post('/mfa/webauthn/options');
    const answer = await client.post('/mfa/webauthn', {
      credential: new SoftwareAuthenticator().create(body),
    });
    expect(answer.status).toBe(201);
    return answer.body.authenticator.id;
  };
  const countOf = async (userId: string): Promise<number | undefined> =>
    (await test.dataSource.getRepository(MfaUserState).findOneBy({ userId }))?.secondFactors;
  const isListed = async (state: MfaUserListState, userId: string): Promise<boolean> =>
    (await admin.listUsers({ state, limit: 1000 })).users.some((one) => one.userId === userId);

  it('count the second factors of a user with each change of them, and no recovery codes', async () => {
    const { id, client, authenticatorId } = await enroll(test);
    expect(await countOf(id)).toBe(1);
    const key = await addKey(client);
    expect(await countOf(id)).toBe(2);
    expect((await client.delete(`/mfa/authenticators/${authenticatorId}`)).status).toBe(204);
    expect(await countOf(id)).toBe(1);
    expect([await isListed('enrolled', id), await isListed('not_enrolled', id)]).toEqual([true, false]);
    expect((await client.delete(`/mfa/authenticators/${key}`)).status).toBe(204);
    expect(await countOf(id)).toBe(0);
    expect([await isListed('enrolled', id), await isListed('not_enrolled', id)]).toEqual([false, true]);

    const lost = await enroll(test);
    await admin.reset(lost.id, 'lost phone');
    expect(await countOf(lost.id)).toBe(0);
  });

  it('count right when changes come at once', async () => {
    const { id, client, authenticatorId } = await enroll(test);
    const keys = [await addKey(client), await addKey(client)];
    const fresh = await client.post('/mfa/totp');
    expect(fresh.status).toBe(409);
    await Promise.allSettled([
      ...[authenticatorId, ...keys].map((one) => client.clone().delete(`/mfa/authenticators/${one}`)),
      addKey(client.clone()),
      addKey(client.clone()),
    ]);
    const { authenticators } = await admin.status(id);
    const factors = authenticators.filter(({ type }) => type !== 'recovery_codes');
    expect(await countOf(id)).toBe(factors.length);
    expect(await isListed('enrolled', id)).toBe(factors.length > 0);
  });

  it('demand a factor of those only who have none', async () => {
    const { id } = await enroll(test);
    await admin.requireEnrollment(id, 'policy');
    expect(await isListed('enrollment_required', id)).toBe(false);
    await admin.reset(id, 'lost phone');
    expect(await isListed('enrollment_required', id)).toBe(true);
    await admin.waiveEnrollment(id, 'mistake');
    expect(await isListed('enrollment_required', id)).toBe(false);
  });

  it('give the newest entries of several types in one order', async () => {
    const audit = test.app.get(MfaAuditService);
    const id = newUserId();
    await test.client().post('/login', { id });
    const { client, secret } = await enroll(test);
    await client.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
    const types = ['mfa.session.started', 'mfa.authenticator.added', 'mfa.session.started'] as const;
    const all = (await audit.find({ limit: 1000 })).entries.filter(({ type }) =>
      types.some((one) => one === type),
    );
    const pages = [];
    let cursor: string | null = null;
    do {
      const page = await audit.find({ types, limit: 3, cursor });
      pages.push(...page.entries.map((entry) => entry.id));
      cursor = page.next;
    } while (cursor !== null);
    expect(pages).toEqual(all.map((entry) => entry.id));
    expect(new Set(all.map(({ type }) => type)).size).toBe(2);
  });

  // SQLite says how it would read a table, whatever is in it.
  const onSqlite = ENGINE === 'sqlite' ? it : it.skip;
  onSqlite('are read by an index, without sorting', async () => {
    const plansOf = async (run: () => Promise<unknown>): Promise<string[]> => {
      const [sql = ''] = await test.logger.statementsOf(run);
      const plan = await rowsOf(
        test.dataSource,
        `EXPLAIN QUERY PLAN ${sql}`,
        Array(sql.split('?').length - 1).fill(''),
      );
      return plan.map(({ detail }) => detail as string);
    };
    const audit = test.app.get(MfaAuditService);
    const rare = { types: ['mfa.admin.reset', 'mfa.admin.unlocked'] as const };
    expect(await plansOf(() => audit.find(rare))).toEqual([
      expect.stringMatching(/^SEARCH .* USING INDEX idx_mfa_audit_entry_type/),
    ]);
    expect(await plansOf(() => admin.listUsers({ state: 'not_enrolled' }))).toEqual([
      expect.stringMatching(/^SEARCH .* INDEX idx_mfa_user_state_factors/),
    ]);
    expect((await plansOf(() => admin.listUsers({ state: 'enrollment_required' })))[0]).toMatch(
      /^SEARCH .* INDEX idx_mfa_user_state_/,
    );
  });
});
