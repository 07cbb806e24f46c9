/** @jest-environment-options {"ownModules": true} */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Inject, Injectable } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { MfaBegunSetup, MfaEvent, MfaFactorProof, MfaFactorTraits, MfaFactorVerdict } from 'nestjs-mfa';
import { MfaEvents, MfaFactor } from 'nestjs-mfa';
import { DataSource } from 'typeorm';

import { PaperCode } from '../../fixtures/paper-codes.factor.js';
import type { Answer, Client } from '../../support/client.js';
import type { TestApp } from '../../support/test-app.js';
import { halfSignIn, newUserId, startTestApp } from '../../support/test-app.js';

const LOCK_AFTER = 3;
const ATTEMPTS = 5;
const APART_SECONDS = 30;

const setup = (now: number): MfaBegunSetup => ({ data: 'x', expiresAt: new Date(now + 600_000), answer: {} });
const stepOf = (code: string): number => Number(code.slice(1));

/** A code is right when its row is there, which only a claim finds out; 700001 sets up. */
@Injectable()
class ClaimedStep extends MfaFactor {
  static readonly traits = {
    type: 'claimed_step',
    steps: true,
    judgedBy: 'own_tables',
  } as unknown as MfaFactorTraits;

  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {
    super();
  }

  begin(): MfaBegunSetup {
    return setup(this.mfa.clock.now());
  }

  activate(code: string): MfaFactorProof {
    return code === '700001' ? { step: 1, data: 'x' } : this.verify(code);
  }

  verify(code: string): MfaFactorProof {
    const nothing = this.dataSource
      .createQueryBuilder()
      .update(PaperCode)
      .set({ used: 'yes' })
      .where('1 = 0');
    return { step: stepOf(code), claims: [nothing] };
  }
}

/** Gives a step and does not say that it has steps: no codes open its lock. */
class UnsaidStep extends MfaFactor {
  static readonly traits = { type: 'unsaid_step' } as unknown as MfaFactorTraits;

  begin(): MfaBegunSetup {
    return setup(this.mfa.clock.now());
  }

  activate(code: string): 'wrong' | MfaFactorProof {
    return code.startsWith('77') ? { step: stepOf(code), data: 'x' } : 'wrong';
  }

  verify(code: string): MfaFactorVerdict {
    return this.activate(code);
  }
}

const codes = (answers: readonly Answer[]): unknown[] => answers.map(({ body }) => body.code as unknown);

describe('steps of factors of the application’s own', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      mfa: {
        factors: [ClaimedStep, UnsaidStep],
        rateLimit: {
          attempts: ATTEMPTS,
          lockAfter: LOCK_AFTER,
          unlock: { byCodes: 2, codesApartSeconds: APART_SECONDS },
        },
      },
      imports: [TypeOrmModule.forFeature([PaperCode])],
    });
  });
  afterAll(() => test.close());

  async function begin(type: string): Promise<{ id: string; client: Client }> {
    const id = newUserId();
    const client = test.client();
    await client.post('/login', { id });
    expect((await client.post(`/mfa/factors/${type}`, {})).status).toBe(201);
    return { id, client };
  }

  async function activate(type: string, code: string): Promise<Client> {
    const { id, client } = await begin(type);
    expect((await client.post(`/mfa/factors/${type}/activate`, { code })).status).toBe(201);
    return halfSignIn(test, { id });
  }

  const send = (half: Client, code: string): Promise<Answer> =>
    half.clone().post('/mfa/authenticate', { code });

  it('open no lock when what a proof demands besides does not hold', async () => {
    const half = await activate('claimed_step', '700001');
    const wrong: Answer[] = [];
    for (const code of ['700003', '700004', '700005']) wrong.push(await send(half, code));
    expect(codes(wrong)).toEqual(Array(LOCK_AFTER).fill('incorrect_code'));
    const first = await send(half, '700100');
    expect(first.body.unlock).toMatchObject({ codesLeft: 2 });
    test.clock.advance(APART_SECONDS + 1);
    const second = await send(half, '700200');
    expect([first.status, second.status]).not.toContain(200);
    expect(second.body.unlock ?? { codesLeft: 2 }).toMatchObject({ codesLeft: 2 });
  });

  it('cost an attempt at activation when what a proof demands besides does not hold', async () => {
    const { id, client } = await begin('claimed_step');
    const failed: MfaEvent[] = [];
    test.app.get(MfaEvents).on('mfa.enrollment.failed', (event) => {
      if (event.userId === id) failed.push(event);
    });
    const answers: Answer[] = [];
    for (let guess = 0; guess <= ATTEMPTS; guess++) {
      answers.push(await client.post('/mfa/factors/claimed_step/activate', { code: `70010${guess}` }));
    }
    expect(codes(answers)).toEqual([...Array<string>(ATTEMPTS).fill('incorrect_code'), 'too_many_attempts']);
    await test.settled();
    expect(failed.length).toBeGreaterThan(0);
  });

  it('open no lock of a factor that does not say that it has some', async () => {
    const half = await activate('unsaid_step', '770001');
    for (let guess = 0; guess < LOCK_AFTER; guess++) await send(half, `10000${guess}`);
    const right = await send(half, '770100');
    expect([right.body.code, right.body.unlock]).toEqual(['authenticator_locked', undefined]);
    test.clock.advance(APART_SECONDS + 1);
    expect((await send(half, '770200')).status).not.toBe(200);
  });
});
