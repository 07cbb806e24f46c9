import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { MfaBegunSetup, MfaFactorProof, MfaFactorTraits, MfaFactorVerdict } from 'nestjs-mfa';
import { MfaFactor, readMfaClaims } from 'nestjs-mfa';

import { PaperCode, PaperCodesFactor } from './fixtures/paper-codes.factor.js';
import type { Client } from './support/client.js';
import type { TestApp } from './support/test-app.js';
import { halfSignIn, newUserId, startTestApp } from './support/test-app.js';

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

describe('a factor with a table of its own', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      mfa: { factors: [PaperCodesFactor] },
      imports: [TypeOrmModule.forFeature([PaperCode])],
    });
  });
  afterAll(() => test.close());

  const withSheet = async () => {
    const owner = await withFactor(test, 'paper_codes', ({ codes = '' }) => codes.slice(0, 6));
    return { ...owner, codes: (owner.answer['codes'] ?? '').split(' ').slice(1) };
  };

  it('writes it with the set-up, and uses each code up once, however many come at once', async () => {
    const { id, client, codes } = await withSheet();
    expect(await test.dataSource.getRepository(PaperCode).countBy({ sheet: `sheet of ${id}` })).toBe(3);
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
    const { id, client, codes } = await withSheet();
    const halves = [await halfSignIn(test, { id }), await halfSignIn(test, { id })];
    const both = await Promise.all(
      halves.map((half, index) => half.post('/mfa/authenticate', { code: codes[index] })),
    );
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect((await client.post('/mfa/authenticate', { code: codes[2] })).status).toBe(200);
    expect((await client.get('/mfa/status')).body.methods).toEqual(['recovery_codes']);
  });

  it('counts a guess against it, and writes nothing', async () => {
    const { id, client, codes } = await withSheet();
    const wrong = codes.includes('000000') ? '999999' : '000000';
    expect((await client.post('/mfa/authenticate', { code: wrong })).body.code).toBe('incorrect_code');
    expect(
      await test.dataSource.getRepository(PaperCode).countBy({ sheet: `sheet of ${id}`, used: 'no' }),
    ).toBe(3);
    const [sheet] = (await client.get('/mfa/authenticators?type=paper_codes')).body;
    expect(sheet.remaining).toBe(3);
  });

  it('is read from the `amr` that it names', () => {
    const claims = { amr: ['pwd', 'paper', 'mfa'], auth_time: 1000 };
    expect(readMfaClaims(claims)?.records).toEqual([{ method: 'paper_codes', at: 1_000_000 }]);
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
