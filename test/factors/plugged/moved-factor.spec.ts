/** @jest-environment-options {"ownModules": true} */
import { randomInt, randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { InjectDataSource } from '@nestjs/typeorm';
import type {
  MfaBegunSetup,
  MfaFactorAuthenticator,
  MfaFactorProof,
  MfaFactorRequest,
  MfaFactorSetUp,
  MfaFactorTable,
  MfaFactorTraits,
  MfaFactorVerdict,
  MfaUser,
} from 'nestjs-mfa';
import { MfaFactor } from 'nestjs-mfa';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';

import type { Client } from '../../support/client.js';
import type { TestApp } from '../../support/test-app.js';
import { halfSignIn, newUserId, startTestApp, users } from '../../support/test-app.js';

declare module 'nestjs-mfa' {
  interface MfaFactorTypes {
    pager: 'pager';
    beeper: 'beeper';
  }
}

/** A code that was sent to a user, and whether it was used. */
class SentCode {
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'user_id', type: 'varchar', length: 191 })
  userId!: string;

  @Column({ name: 'authenticator_id', type: 'varchar', length: 36 })
  authenticatorId!: string;

  @Column({ type: 'varchar', length: 6 })
  code!: string;

  @Column({ type: 'varchar', length: 3 })
  used!: string;
}

@Entity({ name: 'pager_code' })
class PagerCode extends SentCode {}

@Entity({ name: 'beeper_code' })
class BeeperCode extends SentCode {}

/** The code that was sent last. */
let sent = '';

/** Keeps all its codes in a table of its own, those of a set-up too. */
abstract class SendingFactor extends MfaFactor {
  protected abstract readonly codes: typeof SentCode;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {
    super();
  }

  async begin({ user }: MfaFactorRequest): Promise<MfaBegunSetup> {
    const data = JSON.stringify({ id: await this.send(user, ''), to: user.phoneNumber });
    return { data, expiresAt: new Date(this.mfa.clock.now() + 600_000), answer: {} };
  }

  activate(code: string, { data, authenticatorId }: MfaFactorSetUp): MfaFactorProof {
    const { id, to } = JSON.parse(data) as { id: string; to: string };
    return { data: to, claims: [this.use({ id, code }, { authenticatorId })] };
  }

  async verify(
    code: string,
    { user }: MfaFactorRequest & { authenticator: MfaFactorAuthenticator },
  ): Promise<MfaFactorVerdict> {
    const of = { userId: String(user.id), code, used: 'no' };
    const found = await this.dataSource.getRepository(this.codes).findOneBy(of);
    return found ? { claims: [this.use({ id: found.id })] } : 'wrong';
  }

  override isUsable({ phoneNumber }: MfaUser, { data }: MfaFactorAuthenticator): boolean {
    return data === phoneNumber;
  }

  async send({ id: userId }: Pick<MfaUser, 'id'>, authenticatorId: string): Promise<string> {
    sent = String(randomInt(100_000, 1_000_000));
    const id = randomUUID();
    const row = { id, userId: String(userId), authenticatorId, code: sent, used: 'no' };
    await this.dataSource.getRepository(this.codes).insert(row);
    return id;
  }

  private use(where: Partial<SentCode>, changed: Partial<SentCode> = {}) {
    return this.dataSource
      .createQueryBuilder()
      .update(this.codes)
      .set({ used: 'yes', ...changed })
      .where({ ...where, used: 'no' });
  }
}

/** Its codes name the authenticator that they are for. */
class PagerFactor extends SendingFactor {
  static readonly traits = {
    type: 'pager',
    channel: 'pager',
    judgedBy: 'own_tables',
  } satisfies MfaFactorTraits;

  static readonly tables: readonly MfaFactorTable[] = [
    { entity: PagerCode, userId: 'userId', authenticatorId: 'authenticatorId' },
  ];

  protected readonly codes = PagerCode;
}

/** Its codes are the user's. */
class BeeperFactor extends SendingFactor {
  static readonly traits = {
    type: 'beeper',
    channel: 'beeper',
    judgedBy: 'own_tables',
  } satisfies MfaFactorTraits;

  static readonly tables: readonly MfaFactorTable[] = [{ entity: BeeperCode, userId: 'userId' }];

  protected readonly codes = BeeperCode;
}

describe('a factor with a table of its own whose address has changed', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { factors: [PagerFactor, BeeperFactor] } });
  });
  afterAll(() => test.close());

  async function setUp(client: Client, type: string): Promise<string> {
    await client.post(`/mfa/factors/${type}`);
    const { status, body } = await client.post(`/mfa/factors/${type}/activate`, { code: sent });
    expect([status, body.code]).toEqual([201, undefined]);
    return body.authenticator.id as string;
  }

  it.each([
    ['pager', PagerCode, 1],
    ['beeper', BeeperCode, 0],
  ] as const)('is set up again with what is claimed there: %s', async (type, entity, left) => {
    const id = newUserId();
    const client = test.client();
    await client.post('/login', { id, phoneNumber: '+431' });
    const old = await setUp(client, type);
    const factor = test.app.get<SendingFactor>(Symbol.for(`nestjs-mfa:FACTOR:${type}`));
    await factor.send({ id }, old);
    const toOldAddress = sent;

    users.set(id, { ...users.get(id), id, phoneNumber: '+432' });
    const next = await setUp(client, type);
    expect(next).not.toBe(old);
    const rows = await test.dataSource.getRepository<SentCode>(entity).findBy({ userId: id });
    expect(rows.map(({ authenticatorId }) => authenticatorId)).toEqual(Array(left).fill(next));

    const half = await halfSignIn(test, { id });
    expect((await half.post('/mfa/authenticate', { code: toOldAddress })).body.code).toBe('incorrect_code');
    await factor.send({ id }, next);
    expect((await half.post('/mfa/authenticate', { code: sent })).status).toBe(200);
  });
});
