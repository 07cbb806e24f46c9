import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { DataSource } from 'typeorm';

import { KeyRing } from '../../core/crypto/key-ring.js';
import type { MfaEncryptionContext } from '../../core/crypto/envelope.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { openDatabase } from '../../../../../test/support/databases.js';
import { AuthenticatorLock, AuthenticatorsService } from '../authenticators/authenticators.service.js';
import { Authenticator, newAuthenticator } from '../rows/authenticator.entity.js';
import { MfaFactorChallenge } from './factor-challenge.entity.js';
import {
  FACTOR_JUDGES,
  FactorData,
  FactorJudge,
  assertProof,
  ownClaim,
  ownClaims,
  ownWrites,
} from './factor-judge.js';
import { FactorRows } from './factor-rows.js';
import type { MfaFactorProof, MfaFactorVerdict } from './mfa-factor.js';

const NOW = 1_800_000_000_000;
const clock = { now: () => NOW };
const SCOPE = { user: { id: 'ada' }, sessionId: 'session' };
const CODE = '123456';

const markOf = ({ purpose, userId, recordId }: MfaEncryptionContext) => `${purpose}/${userId}/${recordId}:`;
/** Encrypts by naming what the text is bound to, and so finds what was moved. */
const adapter = {
  encrypt: (text: string, context: MfaEncryptionContext) => `${markOf(context)}${text}`,
  decrypt: (text: string, context: MfaEncryptionContext) => {
    if (!text.startsWith(markOf(context))) throw new Error('moved');
    return text.slice(markOf(context).length);
  },
};
const data = new FactorData(adapter as never);

const rowOf = (changed: Partial<Authenticator> = {}): Authenticator =>
  newAuthenticator({
    id: 'app',
    userId: 'ada',
    type: 'totp',
    name: 'An app',
    createdAt: new Date(NOW),
    data: 'totp/ada/app:secret',
    ...changed,
  });
/** A row whose factor is verified by tables of its own. */
const CODES = { type: 'recovery_codes', data: 'set 1' } as const;

describe('the data of a factor', () => {
  it('is bound to its type, its owner and its record', async () => {
    const record = { id: 'setup', userId: 'ada', type: 'totp' } as const;
    await expect(data.encrypt('secret', record)).resolves.toBe('totp/ada/setup:secret');
    await expect(data.decrypt('totp/ada/setup:secret', record)).resolves.toBe('secret');
  });

  it('is kept as it is if other tables verify the factor', async () => {
    await expect(data.keep('secret', rowOf())).resolves.toBe('totp/ada/app:secret');
    await expect(data.keep('set 2', rowOf(CODES))).resolves.toBe('set 2');
  });

  it('is all that a factor sees of a row besides what it has counted', async () => {
    const seen = { id: 'app', userId: 'ada', name: 'An app', lastStep: 5, remaining: 3 };
    await expect(data.open(rowOf(seen))).resolves.toEqual({ ...seen, data: 'secret' });
    await expect(data.open(rowOf({ ...seen, ...CODES }))).resolves.toEqual({ ...seen, data: 'set 1' });
  });
});

describe('a code', () => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;
  let rows: FactorRows;
  let authenticators: AuthenticatorsService;

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(Authenticator, MfaFactorChallenge));
    const options = {
      storage: { timeoutSeconds: 5, preparedStatements: false },
      rateLimit: { lockAfter: 10, unlock: { afterSeconds: 0 } },
    } as never;
    storage = new MfaStorage(dataSource, options);
    rows = new FactorRows(storage, clock);
    const lock = new AuthenticatorLock(storage, options);
    const keyRing = new KeyRing(['a secret of at least 32 bytes, never in use']);
    authenticators = new AuthenticatorsService(storage, null as never, lock, null as never, keyRing, clock);
  });
  beforeEach(async () => {
    for (const entity of [Authenticator, MfaFactorChallenge]) await dataSource.getRepository(entity).clear();
  });
  afterAll(() => close());

  const read = (id = 'app') => dataSource.getRepository(Authenticator).findOneByOrFail({ id });
  const store = async (changed: Partial<Authenticator> = {}) => {
    const row = rowOf(changed);
    await storage.commit([authenticators.planInsertion(row)]);
    return read(row.id);
  };
  /** The judge of a factor with this verdict, and what the factor was asked. */
  const judgeOf = (verdict: unknown, methods: object = {}, type: Authenticator['type'] = 'totp') => {
    const verify = jest.fn(() => verdict as MfaFactorVerdict);
    const factor = { verify, ...methods } as never;
    return { judge: new FactorJudge({ type, factor }, { data, rows, authenticators, clock }), verify };
  };
  /** What must succeed for a code to be right. */
  const judged = async (verdict: MfaFactorProof, row: Authenticator, methods: object = {}) => {
    const found = await judgeOf(verdict, methods, row.type).judge.verify(CODE, row, SCOPE);
    if (typeof found === 'string') throw new Error(`It is ${found}`);
    return found;
  };
  /** Uses an authenticator with a code that is right, as it was read before. */
  const use = async (verdict: MfaFactorProof, row: Authenticator) => {
    const { use: claim, others } = await judged(verdict, row);
    return storage.commit([claim, ...others]);
  };
  const USED = { committed: true, affected: [1] };
  const LOST = { committed: false, lost: 'authenticator' };

  it('is judged by the factor of its type, for that user, session and authenticator', async () => {
    const row = await store({ lastStep: 5 });
    const { judge, verify } = judgeOf('wrong');
    expect(judge.type).toBe('totp');
    await judge.verify(CODE, row, SCOPE);
    const authenticator = { id: 'app', userId: 'ada', name: 'An app', lastStep: 5, remaining: null };
    expect(verify.mock.calls).toEqual([
      [CODE, { ...SCOPE, authenticator: { ...authenticator, data: 'secret' }, challenge: null }],
    ]);
  });

  it.each(['wrong', 'not_applicable'])('is %s if its factor says so', async (verdict) => {
    await expect(judgeOf(verdict).judge.verify(CODE, await store(), SCOPE)).resolves.toBe(verdict);
  });

  it('is not judged by a row in which the last step was set back', async () => {
    await store({ lastStep: 5 });
    await dataSource.getRepository(Authenticator).update('app', { lastStep: 4 });
    const { judge, verify } = judgeOf({ step: 5 });
    await expect(judge.verify(CODE, await read(), SCOPE)).resolves.toBe('forged');
    expect(verify).not.toHaveBeenCalled();
  });

  describe('that is right', () => {
    it('is a use of its authenticator, whatever step came last', async () => {
      const row = await store({ lastStep: 5 });
      await expect(use({}, row)).resolves.toEqual(USED);
      expect(await read()).toEqual({ ...row, lastUsedAt: new Date(NOW) });
    });

    it('has a greater step than the last one', async () => {
      await store();
      await expect(use({ step: 7 }, await read())).resolves.toEqual(USED);
      expect((await read()).lastStep).toBe(7);
      await expect(use({ step: 7 }, await read())).resolves.toEqual(LOST);
      await expect(use({ step: 8 }, await read())).resolves.toEqual(USED);
    });

    it('leaves new data behind, encrypted where the row verifies it', async () => {
      await expect(use({ data: 'next' }, await store())).resolves.toEqual(USED);
      expect((await read()).data).toBe('totp/ada/app:next');
      await expect(use({ data: 'set 2' }, await store({ id: 'codes', ...CODES }))).resolves.toEqual(USED);
      expect((await read('codes')).data).toBe('set 2');
    });

    it('counts down only from the number that the factor was given', async () => {
      const row = await store({ remaining: 3 });
      await expect(use({ remaining: 2 }, row)).resolves.toEqual(USED);
      expect((await read()).remaining).toBe(2);
      await expect(use({ remaining: 2 }, row)).resolves.toEqual(LOST);
    });

    it('counts nothing down where nothing is counted', async () => {
      await expect(use({ remaining: 0 }, await store())).resolves.toEqual(LOST);
    });

    it('may demand all of this at once', async () => {
      const row = await store({ remaining: 3 });
      await expect(use({ step: 7, remaining: 2, data: 'next' }, row)).resolves.toEqual(USED);
      expect(await read()).toMatchObject({ lastStep: 7, remaining: 2, data: 'totp/ada/app:next' });
      const late = { ...(await read()), remaining: 3 };
      await expect(use({ step: 8, remaining: 2 }, late)).resolves.toEqual(LOST);
      await expect(use({ step: 7, remaining: 1 }, await read())).resolves.toEqual(LOST);
    });

    it.each<[MfaFactorProof, number | undefined]>([
      [{ step: 7 }, 7],
      [{}, undefined],
      [{ step: 7, data: 'next' }, undefined],
      [{ step: 7, remaining: 2 }, undefined],
    ])('tells whether its step is all of the use: %j', async (verdict, step) => {
      const found = await judged(verdict, await store());
      expect('step' in found).toBe(step !== undefined);
      expect(found.step).toBe(step);
    });

    it('claims what its factor demands besides', async () => {
      const verdict = { claims: ['claim'], writes: ['write'] } as never;
      expect((await judged(verdict, await store())).others).toEqual([
        { query: 'claim', claim: 'factor:totp' },
        { query: 'write' },
      ]);
    });

    it('is weak if its factor says that of the authenticator', async () => {
      const row = await store();
      const isWeak = jest.fn(({ data: secret }: { data: string }) => secret === 'secret');
      expect((await judged({}, row, { isWeak })).isWeak).toBe(true);
      expect((await judged({}, await store({ id: 'codes', ...CODES }), { isWeak })).isWeak).toBe(false);
      expect((await judged({}, row)).isWeak).toBe(false);
    });
  });

  describe('in answer to a challenge', () => {
    const CHALLENGES = { challenge: () => undefined };
    const CHALLENGE = {
      userId: 'ada',
      type: 'totp',
      sessionId: 'session',
      authenticatorId: 'app',
      data: 'hash',
      expiresAt: new Date(NOW + 1),
    } as const;
    /** What the factor is given, and what is claimed, if the session was sent this. */
    const answer = async (sent: Partial<MfaFactorChallenge>, methods: object = CHALLENGES) => {
      const row = await store();
      await storage.commit([rows.planChallenge({ ...CHALLENGE, ...sent })]);
      const { judge, verify } = judgeOf({ step: 7 }, methods);
      const found = await judge.verify(CODE, row, SCOPE);
      const [[, { challenge }]] = verify.mock.calls as unknown as [[string, { challenge: object | null }]];
      return { challenge, found: found as Exclude<typeof found, string> };
    };

    it('uses the challenge up', async () => {
      const { challenge, found } = await answer({});
      expect(challenge).toMatchObject({ ...CHALLENGE, id: expect.any(String) });
      expect(found).toMatchObject({ step: 7, others: [{ claim: 'factor-challenge' }] });
      await storage.commit([found.use, ...found.others]);
      await expect(storage.commit(found.others)).resolves.toEqual({
        committed: false,
        lost: 'factor-challenge',
      });
    });

    it.each<[string, Partial<MfaFactorChallenge>, object]>([
      ['another authenticator', { authenticatorId: 'other' }, CHALLENGES],
      ['another session', { sessionId: 'other' }, CHALLENGES],
      ['a factor that sends none', {}, {}],
    ])('is not given that of %s', async (_, sent, methods) => {
      const { challenge, found } = await answer(sent, methods);
      expect(challenge).toBeNull();
      expect(found.others).toEqual([]);
    });
  });

  it('is refused with an error if the factor answers with anything but a verdict', async () => {
    const row = await store();
    await expect(judgeOf(true).judge.verify(CODE, row, SCOPE)).rejects.toThrow(TypeError);
  });
});

describe('what a factor may answer', () => {
  const check = (verdict: unknown) => () => assertProof('totp', verdict);
  const parts = { step: 1, data: '', remaining: 0, claims: [], writes: [] };

  it.each<[string, unknown]>([
    ['nothing more', {}],
    ['all that it knows', parts],
    ['a part left out', { step: 1, data: undefined }],
    ['an object without a prototype', Object.assign(Object.create(null), parts)],
  ])('is %s', (_, verdict) => {
    expect(check(verdict)).not.toThrow();
  });

  it.each<[string, unknown]>([
    ['no', false],
    ['yes', true],
    ['nothing', undefined],
    ['null', null],
    ['a text', 'right'],
    ['a list', []],
    ['a date', new Date(NOW)],
    ['a promise', Promise.resolve({})],
    ['an unknown part', { right: true }],
    ['an unknown part beside a known one', { step: 1, right: true }],
    ['a part that every object has', { toString: 'right' }],
    ['a step that is no number', { step: NaN }],
    ['a step in text', { step: '1' }],
    ['half a step', { step: 1.5 }],
    ['no step', { step: null }],
    ['data that is no text', { data: 1 }],
    ['a text of what is left', { remaining: '1' }],
    ['less than nothing left', { remaining: -1 }],
    ['claims in text', { claims: 'claim' }],
    ['no writes', { writes: null }],
  ])('is not %s', (_, verdict) => {
    expect(check(verdict)).toThrow('The factor totp must answer a code with');
  });

  it('stands in statements of its own, each with the claim of its type', () => {
    expect([ownClaims('totp', {}), ownWrites({})]).toEqual([[], []]);
    const verdict = { claims: ['one', 'two'], writes: ['three'] } as never;
    expect(ownClaims('totp', verdict)).toEqual([
      { query: 'one', claim: ownClaim('totp') },
      { query: 'two', claim: ownClaim('totp') },
    ]);
    expect(ownWrites(verdict)).toEqual([{ query: 'three' }]);
  });
});

it('all copies of the module share the token of the judges', () => {
  expect(FACTOR_JUDGES).toBe(Symbol.for('nestjs-mfa:FACTOR_JUDGES'));
});

describe('an authenticator', () => {
  it('is as weak as its factor finds its data, and is not weak to one that does not look', async () => {
    const weaknessOf = (methods: object) =>
      new FactorJudge({ type: 'totp', factor: methods as never }, { data } as never).isWeak(rowOf());
    await expect(weaknessOf({ isWeak: (one: { data: string }) => one.data === 'secret' })).resolves.toBe(
      true,
    );
    await expect(weaknessOf({ isWeak: () => false })).resolves.toBe(false);
    await expect(weaknessOf({})).resolves.toBe(false);
  });
});
