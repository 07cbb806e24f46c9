/** @jest-environment-options {"ownModules": true} */
import { readFileSync } from 'node:fs';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TypeOrmModuleOptions } from '@nestjs/typeorm';
import { InjectDataSource, TypeOrmModule, getDataSourceToken } from '@nestjs/typeorm';
import type {
  MfaBegunSetup,
  MfaFactorProof,
  MfaFactorTable,
  MfaFactorTraits,
  MfaFactorVerdict,
  MfaModuleOptions,
} from 'nestjs-mfa';
import {
  MfaAdminService,
  MfaFactor,
  MfaFactorSetup,
  MfaService,
  mfaMigrations,
  readMfaClaims,
} from 'nestjs-mfa';
import type { MigrationInterface } from 'typeorm';
import { Column, DataSource, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';

import { PaperCode, PaperCodesFactor } from '../../fixtures/paper-codes.factor.js';
import type { Client } from '../../support/client.js';
import { ENGINE, emptyDatabase, sharedDatabase } from '../../support/databases.js';
import { permittingLostSecret } from '../../support/inside.js';
import type { TestApp } from '../../support/test-app.js';
import { halfSignIn, newUserId, startTestApp } from '../../support/test-app.js';

declare module 'nestjs-mfa' {
  interface MfaFactorTypes {
    counter: 'counter';
  }
}

/** A token that counts up: its codes are numbers, each greater than the one before. */
class CounterFactor extends MfaFactor {
  static readonly traits = { type: 'counter', steps: true } satisfies MfaFactorTraits;

  begin(): MfaBegunSetup {
    return { data: 'a counter', expiresAt: new Date(this.mfa.clock.now() + 600_000), answer: {} };
  }

  activate(code: string): 'wrong' | MfaFactorProof {
    return code.startsWith('77') ? { step: Number(code) } : 'wrong';
  }

  verify(code: string): MfaFactorVerdict {
    return this.activate(code);
  }
}

/** Somebody who has set that factor up, in the session that did it. */
async function withFactor(test: TestApp, type: string, codeOf: (answer: Record<string, string>) => string) {
  const id = newUserId();
  const client: Client = test.client();
  await client.post('/login', { id });
  const { body } = await client.post(`/mfa/factors/${type}`, {});
  const added = await client.post(`/mfa/factors/${type}/activate`, { code: codeOf(body) });
  expect(added.status).toBe(201);
  return { id, client, answer: body as Record<string, string> };
}

/** How many codes of sheets there are, of that user or of that sheet. */
const codesLeft = (test: TestApp, where: Partial<PaperCode> = {}) =>
  test.dataSource.getRepository(PaperCode).countBy(where);

/** Somebody with a sheet, and the codes that are left of it. */
async function withSheet(test: TestApp) {
  const owner = await withFactor(test, 'paper_codes', ({ codes = '' }) => codes.slice(0, 6));
  const [{ id: authenticatorId }] = (await owner.client.get('/mfa/authenticators?type=paper_codes')).body;
  const codes = (owner.answer['codes'] ?? '').split(' ').slice(1);
  return { ...owner, authenticatorId: authenticatorId as string, codes };
}

describe('a factor with a table of its own', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { factors: [PaperCodesFactor] } });
  });
  afterAll(() => test.close());

  it('writes it with the set-up, and uses each code up once, however many come at once', async () => {
    const { id, client, codes } = await withSheet(test);
    expect(await codesLeft(test, { userId: id })).toBe(3);
    const half = await halfSignIn(test, { id });
    const all = await Promise.all(
      Array.from({ length: 4 }, () => half.clone().post('/mfa/authenticate', { code: codes[1] })),
    );
    const right = all.filter(({ status }) => status === 200);
    expect(right).toHaveLength(1);
    expect(right[0]?.body).not.toHaveProperty('remainingRecoveryCodes');
    expect((await client.post('/mfa/authenticate', { code: codes[1] })).body.code).toBe('incorrect_code');
    const [sheet] = (await client.get('/mfa/authenticators?type=paper_codes')).body;
    expect(sheet.remaining).toBe(2);
  });

  it('counts two that come at once one after the other, and is not offered when none is left', async () => {
    const { id, client, codes } = await withSheet(test);
    const halves = [await halfSignIn(test, { id }), await halfSignIn(test, { id })];
    const both = await Promise.all(
      halves.map((half, index) => half.post('/mfa/authenticate', { code: codes[index] })),
    );
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect((await client.post('/mfa/authenticate', { code: codes[2] })).status).toBe(200);
    expect((await client.get('/mfa/status')).body.methods).toEqual(['recovery_codes']);
  });

  it('counts a guess against it, and writes nothing', async () => {
    const { id, client, codes } = await withSheet(test);
    const wrong = codes.includes('000000') ? '999999' : '000000';
    expect((await client.post('/mfa/authenticate', { code: wrong })).body.code).toBe('incorrect_code');
    expect(await codesLeft(test, { userId: id, used: 'no' })).toBe(3);
    const [sheet] = (await client.get('/mfa/authenticators?type=paper_codes')).body;
    expect(sheet.remaining).toBe(3);
  });

  it('is the one that the documents show', () => {
    const source = readFileSync('test/fixtures/paper-codes.factor.ts', 'utf8');
    expect(readFileSync('docs/factors.md', 'utf8')).toContain(source);
    expect(source.split('\n').length).toBeLessThanOrEqual(150);
    const packages = [...source.matchAll(/from '((?!node:)[^']+)'/g)].map(([, name]) => name);
    expect(new Set(packages)).toEqual(new Set(['@nestjs/typeorm', 'nestjs-mfa', 'typeorm']));
  });

  it('is read from the `amr` that it names', () => {
    const claims = { amr: ['pwd', 'paper', 'mfa'], auth_time: 1000 };
    expect(readMfaClaims(claims)?.records).toEqual([{ method: 'paper_codes', at: 1_000_000 }]);
  });

  it('takes the rows of a sheet along when its user removes it, and no others', async () => {
    const other = await withSheet(test);
    const { id, client, codes, authenticatorId } = await withSheet(test);
    const { body } = await client.post('/mfa/factors/paper_codes', {});
    const second = await client.post('/mfa/factors/paper_codes/activate', { code: body.codes.slice(0, 6) });
    expect(second.status).toBe(201);
    expect(await codesLeft(test, { userId: id })).toBe(6);
    expect((await client.delete(`/mfa/authenticators/${authenticatorId}`)).status).toBe(204);
    expect(await codesLeft(test, { authenticatorId })).toBe(0);
    expect(await codesLeft(test, { userId: id })).toBe(3);
    expect((await client.post('/mfa/authenticate', { code: codes[0] })).body.code).toBe('incorrect_code');
    const left = second.body.authenticator.id;
    // What hangs on no sheet any more goes with the last one.
    await test.dataSource
      .getRepository(PaperCode)
      .save({ ...(await anyCode({ userId: id })), id: 'orphan', authenticatorId: 'gone' });
    expect((await client.delete(`/mfa/authenticators/${left}`)).status).toBe(204);
    expect(await codesLeft(test, { userId: id })).toBe(0);
    expect(await codesLeft(test, { userId: other.id })).toBe(3);
  });

  const anyCode = (where: Partial<PaperCode>) =>
    test.dataSource.getRepository(PaperCode).findOneByOrFail(where);

  it('takes them along when an administrator resets one or all', async () => {
    const admin = test.app.get(MfaAdminService);
    const one = await withSheet(test);
    await admin.reset(one.id, 'lost it', { authenticatorId: one.authenticatorId });
    expect(await codesLeft(test, { userId: one.id })).toBe(0);
    const two = await withSheet(test);
    await admin.reset(two.id, 'lost everything');
    expect(await codesLeft(test, { userId: two.id })).toBe(0);
  });

  it('keeps nothing of a user who is forgotten, whatever is left of them', async () => {
    const { id } = await withSheet(test);
    const row = await anyCode({ userId: id });
    expect(await test.app.get(MfaService).forgetUser(id)).toBe(true);
    expect(await codesLeft(test, { userId: id })).toBe(0);
    await test.dataSource.getRepository(PaperCode).save(row);
    expect(await test.app.get(MfaService).forgetUser(id)).toBe(true);
    expect(await codesLeft(test, { userId: id })).toBe(0);
    expect(await test.app.get(MfaService).forgetUser(id)).toBe(false);
  });

  it('leaves no row behind, whatever comes at once: uses, removals, another sheet', async () => {
    for (let round = 0; round < 4; round++) {
      const { id, client, codes, authenticatorId } = await withSheet(test);
      const half = await halfSignIn(test, { id });
      const begun = await client.post('/mfa/factors/paper_codes', {});
      const path = `/mfa/authenticators/${authenticatorId}`;
      const [first, second, use, set] = await Promise.all([
        client.clone().delete(path),
        client.clone().delete(path),
        half.post('/mfa/authenticate', { code: codes[0] }),
        client.clone().post('/mfa/factors/paper_codes/activate', { code: begun.body.codes.slice(0, 6) }),
      ]);
      const removed = [first, second].filter(({ status }) => status === 204);
      expect(removed.length).toBeLessThanOrEqual(1);
      for (const { status } of [first, second, use, set]) expect(status).toBeLessThan(500);
      expect(await codesLeft(test, { authenticatorId })).toBe(removed.length === 1 ? 0 : 3);
      expect(await codesLeft(test, { userId: id })).toBe(
        (removed.length === 1 ? 0 : 3) + (set.status === 201 ? 3 : 0),
      );
    }
  });

  it('is forgotten while it is set up and used', async () => {
    for (let round = 0; round < 4; round++) {
      const { id, client, codes } = await withSheet(test);
      const half = await halfSignIn(test, { id });
      const begun = await client.post('/mfa/factors/paper_codes', {});
      await Promise.all([
        half.post('/mfa/authenticate', { code: codes[0] }),
        client.clone().post('/mfa/factors/paper_codes/activate', { code: begun.body.codes.slice(0, 6) }),
        test.app.get(MfaService).forgetUser(id),
      ]);
      expect(await codesLeft(test, { userId: id })).toBe(0);
    }
  });

  it('gives users what it says of its rows, and nothing else', async () => {
    const { id, codes } = await withSheet(test);
    await (await halfSignIn(test, { id })).post('/mfa/authenticate', { code: codes[2] });
    const exported = await test.app.get(MfaService).exportUser(id);
    const [table, ...others] = exported.factorRows;
    expect(others).toEqual([]);
    expect(table).toMatchObject({ type: 'paper_codes', table: 'paper_code' });
    expect(table?.rows.map(({ used }) => used).sort()).toEqual(['no', 'no', 'yes']);
    for (const row of table?.rows ?? []) {
      expect(Object.keys(row)).toEqual(['used', 'expiresAt']);
      expect(row['expiresAt']).toMatch(/^\d{4}-.*Z$/);
    }
    expect((await test.app.get(MfaService).exportUser(newUserId())).factorRows).toEqual([
      { type: 'paper_codes', table: 'paper_code', rows: [] },
    ]);
  });

  it('removes what has expired, and only that', async () => {
    const { id, client } = await withSheet(test);
    const admin = test.app.get(MfaAdminService);
    const [row] = await test.dataSource.getRepository(PaperCode).findBy({ userId: id });
    const atOnce = new Date(test.clock.now());
    await test.dataSource.getRepository(PaperCode).update({ id: row?.id ?? '' }, { expiresAt: atOnce });
    expect(await admin.purgeExpired()).toMatchObject({ factorRows: 1 });
    expect(await codesLeft(test, { userId: id })).toBe(2);
    expect(await admin.purgeExpired()).toMatchObject({ factorRows: 0 });
    expect((await client.get('/mfa/status')).body.methods).toContain('paper_codes');
  });
});

const OLD = 'the old secret of the sheets, of 32 bytes or more';
const NEW = 'the new secret of the sheets, of 32 bytes or more';

/** Says of itself something that looks like an envelope. */
class OddFactor extends PaperCodesFactor {
  override async activate(...given: Parameters<PaperCodesFactor['activate']>) {
    const proof = await super.activate(...given);
    return proof === 'wrong' ? proof : { ...proof, data: 'v1.of.paper.and.ink' };
  }
}

describe('what a factor keeps encrypted in a table of its own', () => {
  const start = (orm: TypeOrmModuleOptions, secret: string | string[]) =>
    startTestApp({ orm, mfa: { factors: [OddFactor], secret } });

  it('is encrypted anew with another secret, and what is no envelope stays as it is', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await start(orm, OLD);
    const { id, codes } = await withSheet(before);
    const other = await withSheet(before);
    const codesOf = before.dataSource.getRepository(PaperCode);
    const [plain] = await codesOf.findBy({ userId: other.id });
    await codesOf.update({ id: plain?.id ?? '' }, { code: 'no envelope' });
    await before.app.close();
    // Five codes, and the key of recovery codes; nothing of the rows whose data is no secret.
    await expect(start(orm, NEW)).rejects.toThrow(/6 rows are encrypted and 0 sealed/);

    const during = await start(orm, [NEW, OLD]);
    const admin = during.app.get(MfaAdminService);
    expect(await admin.rotateSecret({ batchSize: 2 })).toEqual({ rotated: 5, unreadable: 0 });
    expect(await admin.rotateSecret()).toEqual({ rotated: 0, unreadable: 0 });
    expect(await during.dataSource.getRepository(PaperCode).countBy({ code: 'no envelope' })).toBe(1);
    await during.app.close();

    const after = await start(orm, NEW);
    const half = await halfSignIn(after, { id });
    expect((await half.post('/mfa/authenticate', { code: codes[0] })).status).toBe(200);
    await after.app.close();
    await drop();
  });

  it('is encrypted anew while it is used and removed', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await start(orm, OLD);
    const [user, leaver] = [await withSheet(before), await withSheet(before)];
    await before.app.close();
    const during = await start(orm, [NEW, OLD]);
    const half = await halfSignIn(during, user);
    const [rotated, used] = await Promise.all([
      during.app.get(MfaAdminService).rotateSecret({ batchSize: 1 }),
      half.post('/mfa/authenticate', { code: user.codes[0] }),
      during.app.get(MfaService).forgetUser(leaver.id),
    ]);
    expect(used.status).toBe(200);
    expect(rotated.unreadable).toBe(0);
    expect(await codesLeft(during, { userId: user.id, used: 'yes' })).toBe(1);
    expect(await codesLeft(during, { userId: leaver.id })).toBe(0);
    await during.app.close();
    const after = await start(orm, NEW);
    const again = await halfSignIn(after, user);
    expect((await again.post('/mfa/authenticate', { code: user.codes[1] })).status).toBe(200);
    await after.app.close();
    await drop();
  });

  it('is discarded when its secret is lost, with what it belongs to', async () => {
    const { orm, drop } = await sharedDatabase();
    const before = await start(orm, OLD);
    const lost = await withSheet(before);
    const orphan = await withSheet(before);
    await before.app.close();
    const both = await start(orm, [NEW, OLD]);
    const kept = await withSheet(both);
    const table = both.dataSource.getRepository(PaperCode);
    await table.update({ userId: orphan.id }, { authenticatorId: 'gone' });
    await table.delete({ id: (await table.findOneByOrFail({ userId: orphan.id })).id });
    await both.app.close();

    const test = await permittingLostSecret(() => start(orm, NEW));
    const admin = test.app.get(MfaAdminService);
    const dry = await admin.discardUnreadable({ dryRun: true });
    // One sheet can't be read, and two codes of another that hang on nothing; sets of codes go with their key.
    expect(dry).toMatchObject({ users: 3, otherAuthenticators: 1, factorRows: 2, refused: 0 });
    expect(await codesLeft(test)).toBe(8);
    expect(await admin.discardUnreadable()).toEqual(dry);
    expect(await codesLeft(test)).toBe(3);
    expect(await codesLeft(test, { userId: kept.id })).toBe(3);
    expect(await admin.discardUnreadable()).toMatchObject({
      users: 0,
      otherAuthenticators: 0,
      factorRows: 0,
    });
    expect((await test.client().post('/login', { id: lost.id })).body.status).toBe('authenticated');
    await test.app.close();
    await drop();
  });

  it('opens in its own place alone', async () => {
    const test = await startTestApp({ mfa: { factors: [PaperCodesFactor] } });
    const [one, two] = [await withSheet(test), await withSheet(test)];
    const table = test.dataSource.getRepository(PaperCode);
    const [{ code } = { code: '' }] = await table.findBy({ userId: one.id });
    await table.update({ userId: two.id }, { code });
    const half = await halfSignIn(test, two);
    for (const tried of [...one.codes, ...two.codes])
      expect((await half.post('/mfa/authenticate', { code: tried })).body.code).toBe('incorrect_code');
    await test.close();
  });
});

@Entity({ name: 'paper_note' })
class PaperNote {
  @PrimaryColumn({ name: 'noted_for', type: 'varchar', length: 100 })
  notedFor!: string;

  @PrimaryColumn({ type: 'int' })
  number!: number;

  @Column({ type: 'text' })
  text!: string;

  @Column({ type: 'text', select: false })
  hidden!: string;

  @Column({ name: 'kept_until', type: 'bigint' })
  keptUntil!: number;
}

@Entity({ name: 'paper_count' })
class PaperCount {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'varchar', length: 100 })
  owner!: string;

  @Column({ type: 'text' })
  text!: string;
}

@Entity({ name: 'paper_holder' })
class PaperHolder {
  @PrimaryColumn({ type: 'varchar', length: 100 })
  owner!: string;

  @Column({ type: 'text', nullable: true })
  address!: string | null;
}

class Unknown {}

/** The factor with other tables than it has. */
function withTables(...tables: unknown[]): MfaModuleOptions['factors'] {
  class OtherTables extends PaperCodesFactor {
    static override readonly tables = tables as MfaFactorTable[];
  }
  return [OtherTables];
}

describe('the boot', () => {
  const NOTES = { entity: PaperNote, userId: 'notedFor' };
  const COUNTS = { entity: PaperCount, userId: 'owner' };
  it.each<[string, unknown[], RegExp]>([
    [
      'a misspelt property',
      [{ ...NOTES, userId: 'userID' }],
      /PaperNote.*`userId` names `userID`.*it has notedFor, number/,
    ],
    ['one of several', [{ ...COUNTS, exported: ['owner', 'txt'] }], /`exported` names `txt`/],
    ['what is not read', [{ ...NOTES, exported: ['hidden'] }], /remove its `select: false`/],
    ['an entity that is none', [{ entity: Unknown, userId: 'id' }], /does not know the entity Unknown/],
    ['no list', [{ userId: 'id' }], /`tables` of paper_codes must be a list/],
    ['an entity of the module', [{ entity: MfaFactorSetup, userId: 'userId' }], /one of the module's own/],
    ['an entity twice', [NOTES, NOTES], /is listed twice/],
    ['rows of nobody that stay', [{ entity: PaperNote }], /set `userId`.*or `expiresAt`/],
    ['secrets of nobody', [{ entity: PaperNote, encrypted: ['text'] }], /`encrypted` needs `userId`/],
    [
      'secrets that are given away',
      [{ ...COUNTS, encrypted: ['text'], exported: ['text'] }],
      /`exported` would reveal it/,
    ],
    ['rows that nothing tells apart', [{ ...NOTES, expiresAt: 'keptUntil' }], /set `key` to a property/],
    ['a key that is not known', [{ ...COUNTS, encrypted: ['text'] }], /use a random UUID/],
  ])('is stopped by %s', async (_, tables, problem) => {
    const orm = { type: 'better-sqlite3' as const, database: ':memory:' };
    await expect(startTestApp({ orm, mfa: { factors: withTables(...tables) } })).rejects.toThrow(problem);
  });

  (ENGINE === 'mariadb' ? it : it.skip)(
    'is stopped by user ids that are told apart without case',
    async () => {
      const { orm, drop } = await sharedDatabase();
      const before = await startTestApp({ orm, mfa: { factors: [PaperCodesFactor] } });
      await before.dataSource.query(
        'ALTER TABLE paper_code MODIFY user_id varchar(191) COLLATE utf8mb4_general_ci NOT NULL',
      );
      await before.app.close();
      await expect(
        startTestApp({ orm: { ...orm, synchronize: false }, mfa: { factors: [PaperCodesFactor] } }),
      ).rejects.toThrow(/paper_code\.user_id must have a binary collation/);
      await drop();
    },
  );

  it('is stopped by a table or column that no migration will make', async () => {
    const { orm, drop } = await sharedDatabase();
    const migrated = { ...orm, synchronize: false, migrations: [...mfaMigrations], migrationsRun: true };
    await expect(startTestApp({ orm: migrated, mfa: { factors: [PaperCodesFactor] } })).rejects.toThrow(
      /lacks paper_code, or some of the columns.*write a migration/,
    );
    await expect(
      startTestApp({ orm: migrated, mfa: {} }).then(({ app }) => app.close()),
    ).resolves.toBeUndefined();
    await drop();
  });

  it('is not where a migration of the application is to come', async () => {
    const { orm, drop } = await sharedDatabase();
    const migrated = { ...orm, synchronize: false, migrationsRun: true };
    const before = await startTestApp({ orm: { ...migrated, migrations: [...mfaMigrations] } });
    await before.app.close();
    class MakePaper1900000000000 implements MigrationInterface {
      up = (): Promise<void> => Promise.resolve();
      down = this.up;
    }
    const migrations = [...mfaMigrations, MakePaper1900000000000];
    const test = await startTestApp({
      orm: { ...migrated, migrationsRun: false, migrations },
      mfa: { factors: [PaperCodesFactor] },
    });
    expect(test.logger.lines.join(' ')).toMatch(/lacks paper_code.*do not work until the migration has run/);
    await test.app.close();
    await drop();
  });
});

class SecondPaperFactor extends PaperCodesFactor {
  constructor(@InjectDataSource('second') dataSource: DataSource) {
    super(dataSource);
  }
}

describe('a table whose rows are of users, and of no authenticator', () => {
  const holders = { entity: PaperHolder, userId: 'owner', encrypted: ['address'] };
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { factors: withTables(...PaperCodesFactor.tables, holders) } });
  });
  afterAll(() => test.close());

  const hold = async (owner: string, address: string | null = null) =>
    test.dataSource.getRepository(PaperHolder).insert({ owner, address });
  const held = (owner: string) => test.dataSource.getRepository(PaperHolder).countBy({ owner });

  it('loses them with the last authenticator of the factor', async () => {
    const { id, client, authenticatorId } = await withSheet(test);
    await hold(id);
    const { body } = await client.post('/mfa/factors/paper_codes', {});
    const second = await client.post('/mfa/factors/paper_codes/activate', { code: body.codes.slice(0, 6) });
    await client.delete(`/mfa/authenticators/${authenticatorId}`);
    expect(await held(id)).toBe(1);
    await client.delete(`/mfa/authenticators/${second.body.authenticator.id}`);
    expect(await held(id)).toBe(0);
  });

  it('loses what no secret opens, and the authenticator stays', async () => {
    const { id, client } = await withSheet(test);
    await hold(id, `v1.AAAAAAAA.${'A'.repeat(16)}.${'A'.repeat(40)}.${'A'.repeat(22)}`);
    const admin = test.app.get(MfaAdminService);
    const found = { users: 0, otherAuthenticators: 0, factorRows: 1 };
    expect(await admin.discardUnreadable({ dryRun: true })).toMatchObject(found);
    expect(await held(id)).toBe(1);
    expect(await admin.discardUnreadable()).toMatchObject(found);
    expect(await held(id)).toBe(0);
    expect((await client.get('/mfa/status')).body.methods).toContain('paper_codes');
  });
});

describe('a table of nobody’s, and one with a plain number', () => {
  it('goes by its key when it has expired', async () => {
    const factors = withTables({
      entity: PaperNote,
      userId: 'notedFor',
      key: 'text',
      expiresAt: 'keptUntil',
    });
    const test = await startTestApp({ mfa: { factors } });
    const notes = test.dataSource.getRepository(PaperNote);
    const now = test.clock.now();
    for (const [index, keptUntil] of [now - 1, now, now + 1].entries())
      await notes.insert({ notedFor: 'ada', number: index, text: `note ${index}`, hidden: '', keptUntil });
    expect(await test.app.get(MfaAdminService).purgeExpired()).toMatchObject({ factorRows: 2 });
    expect(await notes.countBy({ text: 'note 2' })).toBe(1);
    await test.close();
  });
});

describe('a factor on another DataSource', () => {
  it('has its table there', async () => {
    const second = await emptyDatabase();
    const test = await startTestApp({
      imports: [
        TypeOrmModule.forRoot({
          ...second.orm,
          name: 'second',
          autoLoadEntities: true,
          synchronize: true,
        }),
      ],
      mfa: { dataSource: 'second', factors: [SecondPaperFactor] },
    });
    const on = test.app.get<DataSource>(getDataSourceToken('second'));
    const { id, codes } = await withSheet(test);
    expect(await on.getRepository(PaperCode).countBy({ userId: id })).toBe(3);
    const half = await halfSignIn(test, { id });
    expect((await half.post('/mfa/authenticate', { code: codes[0] })).status).toBe(200);
    await test.app.get(MfaAdminService).reset(id, 'gone');
    expect(await on.getRepository(PaperCode).countBy({ userId: id })).toBe(0);
    await test.close();
    await second.drop();
  });
});

describe('a factor whose proofs count up', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      mfa: {
        factors: [CounterFactor],
        rateLimit: { attempts: 20, lockAfter: 3, unlock: { byCodes: 2, codesApartSeconds: 30 } },
      },
    });
  });
  afterAll(() => test.close());

  it('takes no step twice, and none that is lower', async () => {
    const { client } = await withFactor(test, 'counter', () => '770010');
    for (const code of ['770010', '770009'])
      expect((await client.post('/mfa/authenticate', { code })).body.code).toBe('incorrect_code');
    expect((await client.post('/mfa/authenticate', { code: '770011' })).status).toBe(200);
  });

  it('says how right codes open its lock, and opens by them', async () => {
    const { client } = await withFactor(test, 'counter', () => '770010');
    for (let tried = 0; tried < 3; tried++) await client.post('/mfa/authenticate', { code: '000000' });
    const locked = await client.post('/mfa/authenticate', { code: '000000' });
    expect(locked.body).toMatchObject({ code: 'authenticator_locked', unlock: { codesLeft: 2 } });
    await client.post('/mfa/authenticate', { code: '770020' });
    test.clock.advance(31);
    expect((await client.post('/mfa/authenticate', { code: '770021' })).status).toBe(200);
  });
});
