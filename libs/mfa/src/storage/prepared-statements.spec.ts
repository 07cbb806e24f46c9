import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  AuthenticationSession,
  Authenticator,
  MfaUserState,
  WebAuthnCredential,
  WebAuthnService,
} from 'nestjs-mfa';
import type { ObjectLiteral } from 'typeorm';

import { MfaStorage } from './mfa-storage.js';
import type { PreparedRead } from './prepared-statements.js';
import { PreparedStatements } from './prepared-statements.js';
import { SoftwareAuthenticator } from '../../../../test/support/authenticator.js';
import type { TestApp } from '../../../../test/support/test-app.js';
import { RELYING_PARTY, enroll, newUserId, startTestApp } from '../../../../test/support/test-app.js';

describe('prepared statements', () => {
  let test: TestApp;
  let storage: MfaStorage;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { webauthn: RELYING_PARTY } });
    storage = test.app.get(MfaStorage);
  });
  afterAll(() => test.close());

  const state = (userId: string): MfaUserState => ({
    userId,
    version: 3,
    secondFactors: 0,
    attempts: 2,
    windowStartedAt: new Date(1_800_000_000_123),
    exhaustedToldAt: null,
    messages: null,
    messagesFrom: null,
    enrollmentStartedAt: null,
    enrolledAt: null,
    enrollmentRequiredFrom: null,
    userHandle: 'handle',
  });

  const build = jest.fn<PreparedRead<{ u: MfaUserState; a: Authenticator }>['build']>(
    (dataSource, parameters) =>
      dataSource
        .createQueryBuilder(MfaUserState, 'u')
        .leftJoinAndMapMany('u.authenticators', Authenticator, 'a', 'a.userId = u.userId')
        .where('u.userId IN (:one, :other)')
        .orderBy('u.userId')
        .addOrderBy('a.type')
        .setParameters(parameters),
  );
  const ACCOUNTS: PreparedRead<{ u: MfaUserState; a: Authenticator }> = {
    entities: { u: MfaUserState, a: Authenticator },
    parameters: ['one', 'other'],
    build,
  };

  it('read entities, under each alias, and null where a join finds nothing', async () => {
    const { id } = await enroll(test);
    const lonely = newUserId();
    await storage.write(storage.statements.insertion(MfaUserState, [state(lonely)]));
    const rows = await storage.read((reader) => reader.rows(ACCOUNTS, { one: lonely, other: id }));
    const of = (userId: string) => rows.filter(({ u }) => u?.userId === userId);
    expect(of(lonely)).toEqual([{ u: state(lonely), a: null }]);
    expect(of(lonely)[0]?.u).toBeInstanceOf(MfaUserState);
    expect(of(id).map(({ a }) => a?.type)).toEqual(['recovery_codes', 'totp']);
    expect(of(id)[1]?.a).toBeInstanceOf(Authenticator);
    expect(of(id)[1]?.a?.createdAt).toBeInstanceOf(Date);
  });

  it('make of a row what TypeORM makes of it', async () => {
    const webauthn = test.app.get(WebAuthnService);
    const { id } = await enroll(test);
    const options = await webauthn.getCredentialCreationOptions({ id }, {});
    await webauthn.verifyRegistration({ id }, new SoftwareAuthenticator().create(options));
    for (const entity of [AuthenticationSession, Authenticator, MfaUserState, WebAuthnCredential]) {
      const rows = test.dataSource.createQueryBuilder<ObjectLiteral>(entity, 'x').where('x.userId = :id');
      const read: PreparedRead<{ x: ObjectLiteral }> = {
        entities: { x: entity },
        parameters: ['id'],
        build: (_, parameters) => rows.clone().setParameters(parameters),
      };
      const prepared = await storage.read((reader) => reader.rows(read, { id }));
      const expected = await rows.clone().setParameters({ id }).getMany();
      expect(expected.length).toBeGreaterThan(0);
      expect(prepared.map(({ x }) => x)).toStrictEqual(expected);
    }
  });

  it('are written once, whatever their parameters', async () => {
    build.mockClear();
    for (const one of ['a', "b' OR 1=1 --", ':other', '\u0001other']) {
      expect(await storage.read((reader) => reader.rows(ACCOUNTS, { one, other: newUserId() }))).toEqual([]);
    }
    expect(build).not.toHaveBeenCalled();
  });

  it('have no value in their text', () => {
    const now = new Date(1_800_000_000_777);
    const queries = [
      storage.statements.insertion(MfaUserState, [state('somebody'), state('else')]),
      storage.statements.update(
        AuthenticationSession,
        { lastSeenAt: now, ttlSeconds: 4711 },
        'id = :id AND expires_at > :now',
        { id: 'somebody', now: now.getTime() },
      ),
      storage.statements.deletion(Authenticator, 'id = :id AND failures > :failures', {
        id: 'somebody',
        failures: 4711,
      }),
    ];
    for (const query of queries) {
      const [sql, parameters] = query.getQueryAndParameters();
      expect(sql).not.toMatch(/1800000000|4711|somebody/);
      expect(parameters).toContain('somebody');
    }
    const [, ofTwo] = queries[0]?.getQueryAndParameters() ?? [];
    expect(ofTwo).toHaveLength(24);
    expect(ofTwo?.indexOf('else')).toBe(12);
  });

  it('set columns as these are kept, and to what SQL says', async () => {
    const userId = newUserId();
    await storage.write(storage.statements.insertion(MfaUserState, [state(userId)]));
    const change = (seen: number) =>
      storage.write(
        storage.statements.update(
          MfaUserState,
          {
            attempts: () => 'attempts + 1',
            windowStartedAt: null,
            enrolledAt: new Date(5),
            userHandle: 'other',
          },
          'user_id = :userId AND version = :seen',
          { userId, seen },
        ),
      );
    expect(await change(4)).toBe(0);
    expect(await change(3)).toBe(1);
    const row = await test.dataSource.getRepository(MfaUserState).findOneBy({ userId });
    expect(row).toEqual({
      ...state(userId),
      attempts: 3,
      windowStartedAt: null,
      enrolledAt: new Date(5),
      userHandle: 'other',
    });
  });

  it('keep a number in a column of text as it is written', async () => {
    const userId = newUserId();
    const userHandle = 7 as never;
    await storage.write(storage.statements.insertion(MfaUserState, [{ ...state(userId), userHandle }]));
    const [row] = await test.dataSource.getRepository(MfaUserState).findBy({ userId });
    expect(row?.userHandle).toBe('7');
  });

  it('take lists of any length', async () => {
    const ids = [newUserId(), newUserId(), newUserId()];
    await storage.write(storage.statements.insertion(MfaUserState, ids.map(state)));
    const remove = (list: string[]) =>
      storage.write(storage.statements.deletion(MfaUserState, 'user_id IN (:...list)', { list }));
    expect(await remove(ids.slice(0, 1))).toBe(1);
    expect(await remove(ids)).toBe(2);
    expect(await remove(ids)).toBe(0);
  });

  it('last when they come again as they are, and not with a list: each length is another one', () => {
    const { statements } = storage;
    const isLasting = (query: { getQueryAndParameters(): [string, unknown[]] }) =>
      statements.isLasting(query.getQueryAndParameters()[0]);
    const deletion = (...list: string[]) =>
      statements.deletion(MfaUserState, 'user_id IN (:...list)', { list });
    const update = statements.update(MfaUserState, { attempts: 0 }, 'user_id = :id', { id: 'somebody' });
    expect(isLasting(statements.insertion(MfaUserState, [state('somebody')]))).toBe(true);
    expect(isLasting(statements.insertion(MfaUserState, [state('somebody'), state('else')]))).toBe(false);
    expect(isLasting(update)).toBe(true);
    expect(isLasting(deletion('somebody'))).toBe(true);
    expect(isLasting(deletion('somebody', 'else'))).toBe(false);
    expect(statements.isLasting('SELECT 1')).toBe(false);
  });

  it('leave a row that is there already, where they are told to', async () => {
    const userId = newUserId();
    const insert = (options?: { orIgnore: boolean }) =>
      storage.write(storage.statements.insertion(MfaUserState, [state(userId)], options));
    await insert();
    expect(await insert({ orIgnore: true })).toBe(0);
    await expect(insert()).rejects.toMatchObject({ code: 'storage_unavailable' });
  });

  it('take booleans on every engine', async () => {
    const change = storage.statements.update(
      WebAuthnCredential,
      { backedUp: true },
      'authenticator_id = :id AND backup_eligible = :eligible',
      { id: 'nobody', eligible: true },
    );
    expect(await storage.write(change)).toBe(0);
  });

  it('refuse a value that was written into their text', async () => {
    const read: PreparedRead<{ u: MfaUserState }> = {
      entities: { u: MfaUserState },
      parameters: [],
      build: (dataSource) =>
        dataSource.createQueryBuilder(MfaUserState, 'u').where('u.userId = :userId', { userId: 'somebody' }),
    };
    await expect(storage.read((reader) => reader.rows(read, {}))).rejects.toMatchObject({
      cause: expect.objectContaining({ message: expect.stringContaining('in place of a parameter') }),
    });
  });

  it('are made anew for a DataSource that is initialized anew', () => {
    const { dataSource } = test;
    const before = PreparedStatements.of(dataSource);
    expect(PreparedStatements.of(dataSource)).toBe(before);
    const entityMetadatas = [...dataSource.entityMetadatas];
    expect(
      PreparedStatements.of(Object.create(dataSource, { entityMetadatas: { value: entityMetadatas } })),
    ).not.toBe(before);
  });
});
