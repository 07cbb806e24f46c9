import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { generateSync } from 'otplib';
import type { DataSource } from 'typeorm';

import { openDatabase } from '../../../../../test/support/databases.js';
import { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import type { NewFactor } from '../../engine/changes/add-authenticator.flow.js';
import type { FactorState, PlannedChange } from '../../engine/changes/factor-change.js';
import { FactorData } from '../../engine/factors/factor-judge.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { APPLICATION_SOURCE, MfaRequest } from '../../engine/rows/mfa-request.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { TotpSetup, TotpSetupStore } from './totp-setup-store.js';
import { TotpFactor } from './totp.factor.js';
import { TotpService } from './totp.service.js';

const NOW = 1_800_000_015_000;
const STEP = Math.floor(NOW / 30_000);
const USER: MfaUser = { id: 'ada' };
const OPTIONS = { algorithm: 'sha1', digits: 6, period: 30, tolerance: 1, setupTtlSeconds: 600 };
const FAILURE = { type: 'mfa.enrollment.failed', data: { type: 'totp' } };

class Adapter extends DefaultMfaAdapter {
  override buildTotpUrl(user: MfaUser, secret: string) {
    return Promise.resolve(`otpauth://totp/${user.email}?secret=${secret}`);
  }
  /** Drawing takes longer than all else here. */
  override buildTotpSvg(url: string) {
    return `<svg>${url}</svg>`;
  }
  override encrypt(text: string) {
    return text;
  }
  override decrypt(text: string) {
    return text;
  }
}

/** Only what this class looks at. */
const row = (id: string, type = 'totp') => ({ id, type }) as Authenticator;
const codeOf = (secret: string, step = STEP) => generateSync({ secret, epoch: step * 30 });
/** A code that no step around now has. */
const wrongFor = (secret: string) => {
  const right = [-1, 0, 1].map((offset) => codeOf(secret, STEP + offset));
  return ['000000', '111111', '222222', '333333'].find((code) => !right.includes(code)) as string;
};
/** A request of Ada's, in an authenticated session unless it says otherwise. */
const requestIn = (
  sessionId: string,
  { status = 'authenticated', ...facts }: { status?: string; response?: object } = {},
) =>
  new MfaRequest(
    { ip: '192.0.2.1' },
    { user: USER, session: { id: sessionId, userId: 'ada', status } as never, ...facts },
  );

interface World {
  rows?: Authenticator[];
  maxPerUser?: number;
  options?: object;
  /** Thrown where the factor would be added. */
  refusal?: Error;
  /** Whether the user may not enroll, or not replace that authenticator. */
  mayNot?: 'enroll' | 'replace';
  issued?: object;
}

describe('the service of authenticator apps', () => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(TotpSetup));
    storage = new MfaStorage(dataSource, {
      storage: { timeoutSeconds: 5, preparedStatements: false },
    } as never);
  });
  const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  afterAll(() => error.mockRestore());
  beforeEach(() => dataSource.createQueryBuilder().delete().from(TotpSetup).execute());
  afterAll(() => close());

  /** The service, and what it has told its collaborators. */
  function prepare(world: World = {}) {
    const { rows = [], maxPerUser = 1, options, refusal, mayNot, issued } = world;
    const seen = {
      changes: [] as { origin: object; planned: PlannedChange<unknown> }[],
      added: [] as { factor: NewFactor; context: MfaRequest | undefined }[],
      attempts: [] as unknown[],
      asked: [] as unknown[],
      verified: [] as unknown[],
      given: [] as unknown[],
    };
    const adapter = new Adapter();
    const factor = new TotpFactor(adapter);
    const clock = { now: () => NOW };
    factor.connect({ options: { totp: { ...OPTIONS, maxPerUser, ...options } }, clock } as never);
    const stateIn = (context?: MfaRequest): FactorState => ({
      userId: 'ada',
      authenticators: rows,
      session: context?.authenticatedSession ?? null,
    });
    const service = new TotpService(
      new TotpSetupStore(storage, new FactorData(adapter), clock),
      factor,
      { find: () => Promise.resolve(rows) } as never,
      {
        assertMayEnroll: (user: MfaUser, type: string) => {
          seen.asked.push([user.id, type]);
          if (mayNot === 'enroll') throw new MfaException('unverified_email');
        },
        assertReplaceable: (_: unknown, replaced: { type: string; id: string }) => {
          seen.asked.push(replaced);
          return mayNot === 'replace' ? Promise.reject(new MfaException('not_found')) : Promise.resolve();
        },
        add: async (_: MfaUser, factor: NewFactor, context?: MfaRequest) => {
          seen.added.push({ factor, context });
          if (refusal) throw refusal;
          await factor.check?.(stateIn(context));
          const done = await storage.commit(factor.claims);
          if (!done.committed) throw new MfaException(factor.onLost[done.lost] as never);
          return { authenticator: factor.authenticator, isFirst: true, issued };
        },
      } as never,
      {
        run: async (
          _: MfaUser,
          origin: { context?: MfaRequest },
          plan: (state: FactorState) => Promise<PlannedChange<unknown>>,
        ) => {
          const planned = await plan(stateIn(origin.context));
          seen.changes.push({ origin, planned });
          await storage.commit(planned.writes);
          return planned.result;
        },
      } as never,
      {
        isRight: (...verified: unknown[]) => {
          seen.verified.push(verified);
          return Promise.resolve(true);
        },
      } as never,
      {
        take: (user: MfaUser, source: object, origin: object) => {
          seen.attempts.push(['taken', source, origin]);
          return Promise.resolve({ user });
        },
        judging: (_: unknown, failure: object, judge: () => Promise<unknown>) => {
          seen.attempts.push(['judged', failure]);
          return judge();
        },
        failed: (_: unknown, ...events: object[]) => {
          seen.attempts.push(['failed', ...events]);
          return Promise.resolve();
        },
        giveBack: () => {
          seen.attempts.push(['given back']);
          return Promise.resolve();
        },
        giveBackAfter: ({ code }: MfaException) => {
          seen.attempts.push([`given back after ${code}`]);
          return Promise.resolve();
        },
        refund: () => 'refund',
      } as never,
      {
        give: (...given: unknown[]) => {
          seen.given.push(given);
          return Promise.resolve();
        },
      } as never,
    );
    return { service, ...seen };
  }

  const stored = () => dataSource.getRepository(TotpSetup).find();

  describe('beginning a set-up', () => {
    it('stores it for the session, and shows its secret', async () => {
      const { service, changes, asked } = prepare();
      const context = requestIn('session-1');
      const details = await service.begin(USER, context);
      const [setup] = await stored();
      expect(setup).toMatchObject({
        userId: 'ada',
        sessionId: 'session-1',
        replacesId: null,
        expiresAt: new Date(NOW + 600_000),
      });
      expect(setup?.id).toMatch(/^[0-9a-f-]{36}$/);
      expect(JSON.parse(setup?.data ?? '')).toMatchObject({ secret: details.secret, digits: 6 });
      expect(changes[0]?.origin).toEqual({ context, purpose: 'adding' });
      // What the user can prove is the same as before, so nothing that depends on it ends.
      expect(changes[0]?.planned).toMatchObject({ keepsFactors: true, events: [] });
      expect(asked).toEqual([['ada', 'totp']]);
    });

    it('by the application belongs to no session', async () => {
      await prepare().service.begin(USER);
      expect(await stored()).toMatchObject([{ sessionId: null }]);
    });

    it('records what it replaces, once that may be replaced', async () => {
      const { service, asked } = prepare({ rows: [row('app')] });
      await service.begin(USER, undefined, 'app');
      expect(asked).toContainEqual({ type: 'totp', id: 'app' });
      expect(await stored()).toMatchObject([{ replacesId: 'app' }]);
    });

    it.each<[string, World, string | undefined, string]>([
      ['may not have one', { mayNot: 'enroll' }, undefined, 'unverified_email'],
      ['may not replace that one', { mayNot: 'replace' }, 'app', 'not_found'],
      ['has as many as are allowed', { rows: [row('app')] }, undefined, 'already_enabled'],
      ['would keep too many', { rows: [row('app'), row('other')] }, 'app', 'already_enabled'],
    ])('is refused if the user %s', async (_, world, replaces, code) => {
      await expect(prepare(world).service.begin(USER, undefined, replaces)).rejects.toMatchObject({ code });
      expect(await stored()).toEqual([]);
    });

    it('counts other types and other limits', async () => {
      await prepare({ rows: [row('key', 'webauthn')] }).service.begin(USER);
      await prepare({ rows: [row('app')], maxPerUser: 2 }).service.begin(USER);
      expect(await stored()).toHaveLength(1);
    });
  });

  describe('completing a set-up', () => {
    it('adds the factor with the step of its code, which costs no attempt', async () => {
      const { service, added, attempts } = prepare();
      const context = requestIn('session-1');
      const { secret } = await service.begin(USER, context);
      const [setup] = await stored();
      await service.activate(USER, { code: codeOf(secret) }, context);
      const [{ factor, context: from }] = added as [{ factor: NewFactor; context: MfaRequest }];
      expect(factor).toMatchObject({
        authenticator: { id: setup?.id, userId: 'ada', type: 'totp', data: setup?.data, lastStep: STEP },
        along: ['refund'],
        replaces: null,
        endOtherSessions: false,
      });
      expect(factor.authenticator).not.toHaveProperty('name');
      expect(from).toBe(context);
      expect(attempts).toEqual([
        ['taken', context.source, { isKept: true }],
        ['judged', FAILURE],
      ]);
      expect(await stored()).toEqual([]);
    });

    it('passes on what was asked for', async () => {
      const { service, added, attempts } = prepare({ rows: [row('app')] });
      const { secret } = await service.begin(USER, undefined, 'app');
      const [first = '', ...others] = codeOf(secret);
      const code = `${first} ${others.join('')}`;
      await service.activate(USER, { code, name: 'My phone', endOtherSessions: true });
      expect(added[0]?.factor).toMatchObject({
        authenticator: { name: 'My phone' },
        replaces: 'app',
        endOtherSessions: true,
      });
      expect(attempts[0]).toEqual(['taken', APPLICATION_SOURCE, { isKept: true }]);
    });

    it('with the bypass code uses no step up', async () => {
      const { service, added } = prepare({ options: { insecureBypassCode: '424242' } });
      await service.begin(USER);
      await service.activate(USER, { code: '424242' });
      expect(added[0]?.factor.authenticator).toMatchObject({ lastStep: null });
    });

    it.each([undefined, 123456, ['123456'], '12345', 'abcdef'])('needs a code: %j is none', async (code) => {
      const { service, attempts } = prepare();
      await service.begin(USER);
      await expect(service.activate(USER, { code: code as string })).rejects.toMatchObject({
        code: 'invalid_request',
        details: { message: ['code must be 6 to 8 digits'] },
      });
      expect(attempts).toEqual([]);
    });

    it('is refused to a user who may not have one by now', async () => {
      const { secret } = await prepare().service.begin(USER);
      const late = prepare({ mayNot: 'enroll' });
      await expect(late.service.activate(USER, { code: codeOf(secret) })).rejects.toMatchObject({
        code: 'unverified_email',
      });
      expect(late.asked).toEqual([['ada', 'totp']]);
    });

    it('is for the session that began it, which has to be authenticated', async () => {
      const { service, attempts } = prepare();
      const { secret } = await service.begin(USER, requestIn('session-1'));
      const late = [undefined, requestIn('session-2'), requestIn('session-1', { status: 'pending' })];
      for (const context of late) {
        await expect(service.activate(USER, { code: codeOf(secret) }, context)).rejects.toMatchObject({
          code: 'no_pending_setup',
        });
      }
      expect(attempts).toEqual([]);
    });

    it('fails with a wrong code, which is a guess', async () => {
      const { service, attempts, added } = prepare();
      const { secret } = await service.begin(USER);
      await expect(service.activate(USER, { code: wrongFor(secret) })).rejects.toMatchObject({
        code: 'incorrect_code',
      });
      expect(attempts.slice(2)).toEqual([['failed', FAILURE]]);
      expect(added).toEqual([]);
    });

    it('gives the attempt back if the set-up is unreadable', async () => {
      const { service, attempts } = prepare();
      const { secret } = await service.begin(USER);
      await dataSource.getRepository(TotpSetup).update({ userId: 'ada' }, { data: 'lost' });
      await expect(service.activate(USER, { code: codeOf(secret) })).rejects.toMatchObject({
        code: 'no_pending_setup',
      });
      expect(attempts.slice(2)).toEqual([['given back']]);
    });

    it('gives the attempt back if somebody else was faster', async () => {
      const { service, attempts } = prepare({ rows: [row('app')], maxPerUser: 2 });
      const { secret } = await service.begin(USER);
      const code = codeOf(secret);
      const answers = await Promise.allSettled([
        service.activate(USER, { code }),
        service.activate(USER, { code }),
      ]);
      expect(answers).toContainEqual({
        status: 'rejected',
        reason: expect.objectContaining({ code: 'no_pending_setup' }),
      });
      expect(attempts.filter((one) => String(one) === 'given back after no_pending_setup')).toHaveLength(1);
    });

    it('needs room when it is done as well, which the replaced one makes', async () => {
      const { secret } = await prepare().service.begin(USER);
      const late = prepare({ rows: [row('app')] });
      await expect(late.service.activate(USER, { code: codeOf(secret) })).rejects.toMatchObject({
        code: 'already_enabled',
      });
      const { secret: next } = await late.service.begin(USER, undefined, 'app');
      await expect(late.service.activate(USER, { code: codeOf(next) })).resolves.toBeDefined();
    });

    it('keeps the attempt if nobody knows what has happened', async () => {
      const refusal = new Error('no database');
      const { service, attempts } = prepare({ refusal });
      const { secret } = await service.begin(USER);
      await expect(service.activate(USER, { code: codeOf(secret) })).rejects.toBe(refusal);
      expect(attempts.slice(2)).toEqual([]);
    });
  });

  describe('as objects', () => {
    it('are the one that this session sets up, until its code arrives', async () => {
      const { service } = prepare({ rows: [row('app')], maxPerUser: 2 });
      const context = requestIn('session-1', { response: {} });
      const { secret } = await service.begin(USER, context);
      const app = await service.getAuthenticator(USER, context);
      expect(app.getSecretKey()).toBe(secret);
      await expect(app.validateToken(wrongFor(secret))).resolves.toBe(false);
      await expect(app.validateToken(codeOf(secret))).resolves.toBe(true);
      expect(app.authenticator).toMatchObject({ type: 'totp', lastStep: STEP });
    });

    it('are otherwise the oldest, or the one with that id', async () => {
      const rows = [row('key', 'webauthn'), row('old'), row('new')];
      const { service } = prepare({ rows, maxPerUser: 3 });
      await service.begin(USER);
      const idOf = async (context?: MfaRequest, id?: string) =>
        (await service.getAuthenticator(USER, context, id)).authenticator?.id;
      expect(await idOf(requestIn('session-1'))).toBe('old');
      expect(await idOf(undefined, 'new')).toBe('new');
      for (const id of ['key', 'none'])
        await expect(idOf(undefined, id)).rejects.toMatchObject({ code: 'not_found' });
      expect(await stored()).toHaveLength(1);
    });

    it('are otherwise new, and set up by this session', async () => {
      const { service } = prepare({ rows: [row('key', 'webauthn')] });
      const app = await service.getAuthenticator(USER, requestIn('session-1'));
      expect(app.authenticator).toBeNull();
      expect(await stored()).toMatchObject([{ sessionId: 'session-1' }]);
    });

    it('hand out the new token over the response that the request came with', async () => {
      const issued = { token: 'new' };
      const { service, given } = prepare({ issued });
      const response = {};
      const context = requestIn('session-1', { response });
      const app = await service.getAuthenticator(USER, context);
      await expect(app.validateToken(codeOf(app.getSecretKey()))).resolves.toBe(true);
      expect(given).toEqual([[context.request, response, issued]]);
      expect((given as [[unknown, object]])[0][1]).toBe(response);
    });

    it('complete nothing if there is no response to hand the token out over', async () => {
      const { service, added } = prepare({ issued: {} });
      const app = await service.getAuthenticator(USER, requestIn('session-1'));
      await expect(app.validateToken(codeOf(app.getSecretKey()))).rejects.toThrow('pass the response too');
      expect(added).toEqual([]);
    });

    it.each<[string, object, MfaRequest | undefined]>([
      ['no session has gained', {}, requestIn('session-1', { response: {} })],
      ['there is no request', { issued: {} }, undefined],
    ])('hand nothing out if %s', async (_, world, context) => {
      const { service, given } = prepare(world);
      const app = await service.getAuthenticator(USER, context);
      await expect(app.validateToken(codeOf(app.getSecretKey()))).resolves.toBe(true);
      expect(given).toEqual([]);
    });
  });

  describe('without objects', () => {
    it('shows the set-up of this session as it was shown before', async () => {
      const { service } = prepare();
      await expect(service.getSetup(USER)).resolves.toBeNull();
      const details = await service.begin(USER, requestIn('session-1'));
      await expect(service.getSetup(USER, requestIn('session-1'))).resolves.toEqual(details);
      await expect(service.getSetup(USER)).resolves.toBeNull();
    });

    it('shows no set-up that is unreadable', async () => {
      const { service } = prepare();
      await service.begin(USER);
      await dataSource.getRepository(TotpSetup).update({ userId: 'ada' }, { data: 'lost' });
      await expect(service.getSetup(USER)).resolves.toBeNull();
    });

    it('gives the secret of the set-up, and begins one if there is none', async () => {
      const { service } = prepare();
      const context = requestIn('session-1');
      const secret = await service.getTotpKey(USER, context);
      await expect(service.getTotpKey(USER, context)).resolves.toBe(secret);
      await expect(service.getTotpKey(USER)).resolves.not.toBe(secret);
      expect(await stored()).toMatchObject([{ sessionId: null }]);
    });

    it('generates secrets that belong to nobody', async () => {
      expect(prepare().service.generateSecret()).toMatch(/^[A-Z2-7]{32}$/);
      expect(await stored()).toEqual([]);
    });

    it('verifies a code on all rows, or on that one', async () => {
      const rows = [row('old'), row('new')];
      const { service, verified } = prepare({ rows });
      await expect(service.validateToken(USER, '123456')).resolves.toBe(true);
      await service.validateToken(USER, '123456', 'new');
      expect(verified).toEqual([
        [USER, '123456', rows, 'totp'],
        [USER, '123456', [row('new')], 'totp'],
      ]);
    });

    it('builds a URI under another name, and its picture', async () => {
      const { service } = prepare();
      await expect(service.buildUrl(USER, 'SECRET', 'bob')).resolves.toBe('otpauth://totp/bob?secret=SECRET');
      await expect(service.buildQrCode('otpauth://x')).resolves.toMatch(/^data:image\/svg\+xml;base64,/);
    });
  });
});
