import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { Column, DeleteDateColumn, Entity, PrimaryColumn, ViewColumn, ViewEntity } from 'typeorm';

import { MfaStorage } from '../../storage/mfa-storage.js';
import { openDatabase } from '../../../../../test/support/databases.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import type { FactorTable, OwnedFactorTable } from './factor-tables.js';
import { FactorTables, MFA_FACTOR_TABLES } from './factor-tables.js';

/** Rows that go with an authenticator. */
@Entity('own_pager')
class Pager {
  @PrimaryColumn({ name: 'serial_number', type: 'varchar' }) serial!: string;
  @Column({ name: 'owner_id', type: 'varchar' }) owner!: string;
  @Column({ name: 'device_id', type: 'varchar' }) device!: string;
  @DeleteDateColumn() deletedAt!: Date | null;
}

/** Rows that go with a user's last authenticator. */
@Entity('own_contract')
class Contract {
  @PrimaryColumn({ type: 'varchar' }) id!: string;
  @Column({ type: 'varchar' }) owner!: string;
}

/** Rows of no user. */
@Entity('own_nonce')
class Nonce {
  @PrimaryColumn({ type: 'varchar' }) nonce!: string;
}

/** What is no table, and has no key. */
@ViewEntity('own_view', { expression: 'SELECT nonce AS seen FROM own_nonce' })
class Seen {
  @ViewColumn() seen!: string;
}

const type = 'pager' as Authenticator['type'];
const PAGERS = { type, entity: Pager, userId: 'owner', authenticatorId: 'device' } as OwnedFactorTable;
const CONTRACTS = { type, entity: Contract, userId: 'owner' } as OwnedFactorTable;
const NONCES: FactorTable = { type, entity: Nonce };

const row = (id: string, of = 'pager') => ({ id, type: of, userId: 'ada' }) as Authenticator;
const [first, second, app] = [row('first'), row('second'), row('app', 'totp')];

describe('the tables of custom factors', () => {
  let dataSource: DataSource;
  let close: () => Promise<void>;
  let storage: MfaStorage;
  let tables: FactorTables;

  beforeAll(async () => {
    ({ dataSource, close } = await openDatabase(Pager, Contract, Nonce, Seen));
    storage = new MfaStorage(dataSource, {
      storage: { timeoutSeconds: 5, preparedStatements: false },
    } as never);
    tables = new FactorTables([PAGERS, CONTRACTS, NONCES], storage);
  });
  afterAll(() => close());

  /** Two pagers and a contract of Ada's, and the same of Eve's. */
  beforeEach(async () => {
    for (const entity of [Pager, Contract, Nonce])
      await dataSource.createQueryBuilder().delete().from(entity).execute();
    for (const owner of ['ada', 'eve']) {
      const pagers = ['first', 'second'].map((device) => ({ serial: `${owner}-${device}`, owner, device }));
      await dataSource.getRepository(Pager).insert(pagers);
      await dataSource.getRepository(Contract).insert({ id: `${owner}-contract`, owner });
    }
    await dataSource.getRepository(Nonce).insert({ nonce: 'nonce' });
  });

  const EVES = ['eve-contract', 'eve-first', 'eve-second', 'nonce'];
  const stored = async () => {
    const pagers = await dataSource.getRepository(Pager).find({ withDeleted: true });
    const contracts = await dataSource.getRepository(Contract).find();
    const nonces = await dataSource.getRepository(Nonce).find();
    return [
      ...pagers.map(({ serial }) => serial),
      ...contracts.map(({ id }) => id),
      ...nonces.map(({ nonce }) => nonce),
    ].sort();
  };
  const discard = () => dataSource.getRepository(Pager).softDelete({ owner: 'ada' });

  it('lose the rows of a removed authenticator, if others of its factor are left', async () => {
    await storage.commit(tables.planRemoval('ada', [first], [first, second, app]));
    expect(await stored()).toEqual(['ada-contract', 'ada-second', ...EVES]);
  });

  it.each([
    ['the last one', [second], [second]],
    ['the last one next to another factor’s', [second], [app, second]],
    ['all of them', [first, second], [first, second, app]],
  ])('lose all of the user’s rows with %s of a factor', async (_, removed, all) => {
    await storage.commit(tables.planRemoval('ada', removed, all));
    expect(await stored()).toEqual(EVES);
  });

  it('lose nothing with another factor’s authenticator', () => {
    expect(tables.planRemoval('ada', [app], [first, app])).toEqual([]);
    expect(tables.planRemoval('ada', [app], [app])).toEqual([]);
  });

  it('lose the rows of a replaced authenticator, and with the only one of its factor what names none', async () => {
    await storage.commit(tables.planReplacement(first, [first, second, app]));
    expect(await stored()).toEqual(['ada-contract', 'ada-second', ...EVES]);
    // The rows of the second pager may be those that the new one has written already.
    await storage.commit(tables.planReplacement(first, [first, app]));
    expect(await stored()).toEqual(['ada-second', ...EVES]);
  });

  it('lose nothing if another factor’s authenticator is replaced', () => {
    expect(tables.planReplacement(app, [first, app])).toEqual([]);
  });

  it('lose all that is the user’s when the user is forgotten', async () => {
    await storage.commit(tables.planForgetting('ada'));
    expect(await stored()).toEqual(EVES);
  });

  it('keep something of a user as long as any of them does, if only softly deleted', async () => {
    expect(await tables.keepAnythingOf('ada')).toBe(true);
    await dataSource.getRepository(Contract).delete('ada-contract');
    await discard();
    expect(await tables.keepAnythingOf('ada')).toBe(true);
    await dataSource.getRepository(Pager).delete({ owner: 'ada' });
    expect(await tables.keepAnythingOf('ada')).toBe(false);
    await dataSource.getRepository(Contract).insert({ id: 'new', owner: 'ada' });
    expect(await tables.keepAnythingOf('ada')).toBe(true);
  });

  it('give the user’s rows, even those that are only softly deleted', async () => {
    await discard();
    const found = (await tables.find(PAGERS, 'ada')) as Pager[];
    expect(found.map(({ serial }) => serial).sort()).toEqual(['ada-first', 'ada-second']);
  });

  it('are those with a user’s rows, and all of them', () => {
    expect(tables.owned).toEqual([PAGERS, CONTRACTS]);
    expect(tables.all).toEqual([PAGERS, CONTRACTS, NONCES]);
  });

  it('have a name, and a key of their own or the primary one', () => {
    expect(tables.nameOf(PAGERS)).toBe('own_pager');
    expect(tables.keyOf(PAGERS)).toBe('serial');
    expect(tables.keyOf({ entity: Pager, key: 'device' })).toBe('device');
    // Only the boot, which comes later, refuses it.
    expect(tables.keyOf({ entity: Seen })).toBe('');
  });

  it('are injected under a token that all copies of the module share', () => {
    expect(MFA_FACTOR_TABLES).toBe(Symbol.for('nestjs-mfa:FACTOR_TABLES'));
  });
});
