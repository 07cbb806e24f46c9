import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AuditEntry,
  AuthenticationSession,
  MFA_ENTITIES,
  MfaUserState,
  configureMfaTables,
  mfaMigrations,
} from 'nestjs-mfa';
import type { DataSourceOptions } from 'typeorm';
import { DataSource, Entity, PrimaryColumn } from 'typeorm';

import type { ServerName } from './support/servers.js';
import { createDatabase, hasServer } from './support/servers.js';

@Entity({ name: 'app_user' })
class AppUser {
  @PrimaryColumn({ type: 'varchar', length: 191 })
  id!: string;
}

type Engine = 'sqlite' | ServerName;
const available: Record<Engine, boolean> = {
  sqlite: true,
  postgres: await hasServer('postgres'),
  mariadb: await hasServer('mariadb'),
};

const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-migrations-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

/** An empty database of that kind. */
async function emptyDatabase(engine: Engine): Promise<{ orm: DataSourceOptions; drop: () => Promise<void> }> {
  if (engine !== 'sqlite') return (await createDatabase(engine)) as never;
  files += 1;
  const database = join(folder, `${files}.sqlite`);
  return { orm: { type: 'better-sqlite3', database }, drop: () => Promise.resolve() };
}

describe.each<Engine>(['sqlite', 'postgres', 'mariadb'])('migrations on %s', (engine) => {
  const runs = available[engine] ? it : it.skip;
  const open: DataSource[] = [];

  const connect = async (
    orm: DataSourceOptions,
    tables: Parameters<typeof configureMfaTables>[0] = {},
    entities: (new () => object)[] = [],
  ): Promise<DataSource> => {
    configureMfaTables({
      prefix: 'mfa_',
      userId: { type: 'varchar', length: 191 },
      binaryCollation: engine === 'mariadb',
      ...tables,
    });
    const dataSource = new DataSource({
      ...orm,
      entities: [...MFA_ENTITIES, ...entities],
      migrations: mfaMigrations,
    });
    open.push(await dataSource.initialize());
    return dataSource;
  };

  const within = async (work: (orm: DataSourceOptions) => Promise<void>) => {
    const { orm, drop } = await emptyDatabase(engine);
    try {
      await work(orm);
    } finally {
      await Promise.all(open.splice(0).map((dataSource) => dataSource.destroy()));
      await drop();
    }
  };

  /** What `synchronize` would still change. */
  const differences = async (dataSource: DataSource): Promise<string[]> => {
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    return upQueries.map(({ query }) => query);
  };

  const tablesOf = async (dataSource: DataSource): Promise<string[]> => {
    const runner = dataSource.createQueryRunner();
    const tables = (await runner.getTables()).filter(
      ({ database }) => engine !== 'mariadb' || database === dataSource.options.database,
    );
    await runner.release();
    return tables
      .map(({ name }) => name.split('.').at(-1) as string)
      .filter((name) => /^(mfa|auth)_/.test(name));
  };

  runs('make what the entities say, and leave nothing behind', () =>
    within(async (orm) => {
      const dataSource = await connect(orm);
      await dataSource.runMigrations();
      expect(await differences(dataSource)).toEqual([]);
      expect(await tablesOf(dataSource)).toHaveLength(MFA_ENTITIES.length);
      await dataSource.undoLastMigration();
      expect(await tablesOf(dataSource)).toEqual([]);
      await dataSource.runMigrations();
      expect(await differences(dataSource)).toEqual([]);
    }),
  );

  runs('are safe when several instances start at once', () =>
    within(async (orm) => {
      const instances = [];
      for (let i = 0; i < 4; i++) instances.push(await connect(orm));
      const results = await Promise.allSettled(instances.map((instance) => runAgain(instance)));
      expect(results.filter(({ status }) => status === 'rejected')).toEqual([]);
      expect(await differences(instances[0] as DataSource)).toEqual([]);
    }),
  );

  runs('take another prefix, and another schema where there are some', () =>
    within(async (orm) => {
      const schema = engine === 'postgres' ? { schema: 'security' } : {};
      const dataSource = await connect(orm, { prefix: 'auth_', ...schema });
      await dataSource.runMigrations();
      expect(await differences(dataSource)).toEqual([]);
      expect((await tablesOf(dataSource)).every((name) => name.startsWith('auth_'))).toBe(true);
      const [table] = MFA_ENTITIES.map((entity) => dataSource.getMetadata(entity).tablePath);
      expect(table).toBe(engine === 'postgres' ? 'security.auth_authenticator' : 'auth_authenticator');
      await dataSource.undoLastMigration();
      expect(await tablesOf(dataSource)).toEqual([]);
    }),
  );

  runs('let everything of a user go with the user, and the trail stay', () =>
    within(async (orm) => {
      const dataSource = await connect(orm, { users: () => AppUser }, [AppUser]);
      await dataSource.query(
        'CREATE TABLE app_user (id varchar(191) NOT NULL PRIMARY KEY)'.replace(
          '191)',
          engine === 'mariadb' ? '191) COLLATE utf8mb4_bin' : '191)',
        ),
      );
      await dataSource.runMigrations();
      expect((await differences(dataSource)).filter((sql) => /mfa_/.test(sql))).toEqual([]);
      await dataSource.query("INSERT INTO app_user (id) VALUES ('ada')");
      const now = new Date();
      await dataSource.getRepository(MfaUserState).insert({ userId: 'ada' });
      await dataSource.getRepository(AuthenticationSession).insert({
        id: 's',
        userId: 'ada',
        tokenHash: 't',
        status: 'pending',
        methods: [],
        createdAt: now,
        expiresAt: now,
      });
      await dataSource.getRepository(AuditEntry).insert({
        id: 'e',
        type: 'mfa.session.started',
        at: now,
        userId: 'ada',
        actorType: 'user',
        data: {},
      });
      await dataSource.query("DELETE FROM app_user WHERE id = 'ada'");
      expect(await dataSource.getRepository(MfaUserState).count()).toBe(0);
      expect(await dataSource.getRepository(AuthenticationSession).count()).toBe(0);
      expect(await dataSource.getRepository(AuditEntry).count()).toBe(1);
    }),
  );

  runs('take user ids of another type', () =>
    within(async (orm) => {
      const dataSource = await connect(orm, { userId: { type: 'int' } });
      await dataSource.runMigrations();
      expect(await differences(dataSource)).toEqual([]);
      await dataSource.getRepository(MfaUserState).insert({ userId: '42' });
      expect(await dataSource.getRepository(MfaUserState).findOneBy({ userId: '42' })).toMatchObject({
        userId: '42',
      });
    }),
  );
});

/** What an application does at start: makes its tables if they are not there. A SQLite file may be busy for a moment. */
async function runAgain(dataSource: DataSource, tries = 20): Promise<void> {
  try {
    await dataSource.runMigrations();
  } catch (error) {
    if (tries === 0 || !/SQLITE_BUSY|already exists|duplicate/i.test(String(error))) throw error;
    await new Promise((resolve) => setTimeout(resolve, 50));
    await runAgain(dataSource, tries - 1);
  }
}
