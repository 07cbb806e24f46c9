/** @jest-environment-options {"ownModules": true} */
import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  MfaAuditEntry,
  AuthenticationSession,
  MFA_ENTITIES,
  MfaUserState,
  configureMfaTables,
  mfaMigrations,
} from 'nestjs-mfa';
import type { DataSourceOptions } from 'typeorm';
import { DataSource, Entity, PrimaryColumn } from 'typeorm';

import type { ServerName } from '../support/servers.js';
import { createDatabase, hasServer } from '../support/servers.js';

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

  const namesOf = async (dataSource: DataSource): Promise<string[]> => {
    if (engine === 'mariadb') {
      // TypeORM would ask about all databases of the server, of which others come and go meanwhile.
      const rows = await dataSource.query<{ name: string }[]>(
        'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()',
      );
      return rows.map(({ name }) => name);
    }
    const runner = dataSource.createQueryRunner();
    const tables = await runner.getTables();
    await runner.release();
    return tables.map(({ name }) => name.split('.').at(-1) as string);
  };

  const tablesOf = async (dataSource: DataSource): Promise<string[]> =>
    (await namesOf(dataSource)).filter((name) => /^(mfa|auth)_/.test(name));

  runs('make what the entities say, and leave nothing behind', () =>
    within(async (orm) => {
      const dataSource = await connect(orm);
      await dataSource.runMigrations();
      expect(await differences(dataSource)).toEqual([]);
      expect(await tablesOf(dataSource)).toHaveLength(MFA_ENTITIES.length);
      for (const _ of mfaMigrations) await dataSource.undoLastMigration();
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

  runs('are safe at once without a transaction around them, too', () =>
    within(async (orm) => {
      const instances = [];
      for (let i = 0; i < 3; i++) instances.push(await connect(orm));
      const results = await Promise.allSettled(
        instances.map((instance) => runAgain(instance, { transaction: 'none' })),
      );
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
      for (const _ of mfaMigrations) await dataSource.undoLastMigration();
      expect(await tablesOf(dataSource)).toEqual([]);
    }),
  );

  runs('make the tables of two applications in one database, which have prefixes of their own', () =>
    within(async (orm) => {
      for (const prefix of ['mfa_', 'auth_']) {
        const migrationsTableName = `${prefix}migrations`;
        const dataSource = await connect({ ...orm, migrationsTableName }, { prefix });
        await dataSource.runMigrations();
        expect(await differences(dataSource)).toEqual([]);
      }
    }),
  );

  (engine === 'postgres' ? runs : it.skip)('take the schema of the DataSource where no other is named', () =>
    within(async (orm) => {
      const [first, own] = [await connect(orm), { ...orm, schema: 'own' } as DataSourceOptions];
      await first.query('CREATE SCHEMA own');
      const dataSource = await connect(own);
      await dataSource.runMigrations();
      expect(await differences(dataSource)).toEqual([]);
      const places = await first.query<{ name: string }[]>(
        "SELECT DISTINCT table_schema AS name FROM information_schema.tables WHERE table_name LIKE 'mfa%'",
      );
      expect(places).toEqual([{ name: 'own' }]);
      for (const _ of mfaMigrations) await dataSource.undoLastMigration();
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
      await dataSource.getRepository(MfaAuditEntry).insert({
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
      expect(await dataSource.getRepository(MfaAuditEntry).count()).toBe(1);
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

// No such server is at hand: this shows what it would be told, not that it does it.
describe('migrations for CockroachDB', () => {
  it('say what the entities say, in types that TypeORM knows there, and without a lock', async () => {
    configureMfaTables({ schema: 'security' });
    const dataSource = new DataSource({
      type: 'cockroachdb',
      timeTravelQueries: false,
      entities: MFA_ENTITIES,
    });
    await (dataSource as unknown as { buildMetadatas(): Promise<void> }).buildMetadatas();
    const runner = dataSource.createQueryRunner();
    const sent: string[] = [];
    runner.query = (sql: string) => {
      if (!sql.startsWith('SELECT * FROM "information_schema"."tables"')) sent.push(sql);
      return Promise.resolve([] as never);
    };
    for (const Migration of mfaMigrations) await new Migration().up(runner);
    configureMfaTables({});

    expect(sent[0]).toBe('CREATE SCHEMA IF NOT EXISTS "security"');
    expect(sent.slice(1).filter((sql) => !/^(CREATE (TABLE|INDEX)|ALTER TABLE|UPDATE) /.test(sql))).toEqual(
      [],
    );
    for (const { tablePath, columns, uniques, indices, foreignKeys } of dataSource.entityMetadatas) {
      const [schema, table] = tablePath.split('.');
      const create = sent.find((sql) => sql.startsWith(`CREATE TABLE "${schema}"."${table}" (`)) ?? '';
      for (const column of columns) {
        const type = dataSource.driver.createFullType({
          ...column,
          type: dataSource.driver.normalizeType(column),
          length: String(column.length),
        } as never);
        const added = `ALTER TABLE "${schema}"."${table}" ADD COLUMN IF NOT EXISTS "${column.databaseName}" ${type} NULL`;
        if (sent.includes(added)) continue;
        expect(create).toContain(`"${column.databaseName}" ${type}${column.isNullable ? '' : ' NOT NULL'}`);
      }
      // 64 bits there, which the driver gives as text.
      for (const column of columns.filter((one) => ['int', 'bigint'].includes(one.type as string))) {
        expect([typeof dataSource.driver.prepareHydratedValue('7', column), column.propertyName]).toEqual([
          /(At|From|at)$/.test(column.propertyName) ? 'object' : 'number',
          column.propertyName,
        ]);
      }
      const names = (pattern: RegExp) => [...create.matchAll(pattern)].map(([, name]) => name).sort();
      expect(names(/CONSTRAINT "([^"]+)" UNIQUE/g)).toEqual(uniques.map(({ name }) => name).sort());
      expect(names(/CONSTRAINT "([^"]+)" FOREIGN KEY/g)).toEqual(foreignKeys.map(({ name }) => name).sort());
      const made = sent.filter(
        (sql) => sql.startsWith('CREATE INDEX') && sql.includes(` ON "${schema}"."${table}" `),
      );
      expect(made.map((sql) => sql.split('"')[1]).sort()).toEqual(indices.map(({ name }) => name).sort());
    }
  });
});

/**
 * What an application does at start: makes its tables if they are not there. A SQLite file may be busy for a moment, and TypeORM
 * makes its own table of migrations without a lock; tables of ours never are in the way.
 */
async function runAgain(
  dataSource: DataSource,
  options?: { transaction: 'none' },
  tries = 20,
): Promise<void> {
  try {
    await dataSource.runMigrations(options);
  } catch (error) {
    const { query = '' } = error as { query?: string };
    const isBusy = /SQLITE_BUSY/.test(String(error));
    const isTypeOrms = /already exists|duplicate/i.test(String(error)) && !query.includes('mfa_');
    if (tries === 0 || !(isBusy || isTypeOrms)) throw error;
    await new Promise((resolve) => setTimeout(resolve, 50));
    await runAgain(dataSource, options, tries - 1);
  }
}
