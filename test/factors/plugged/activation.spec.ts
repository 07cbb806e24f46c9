/** @jest-environment-options {"ownModules": true} */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type {
  MfaBegunSetup,
  MfaFactorAuthenticator,
  MfaFactorProof,
  MfaFactorTraits,
  MfaType,
} from 'nestjs-mfa';
import { MfaException, MfaFactor, MfaFactorsService } from 'nestjs-mfa';

import type { Answer, Client } from '../../support/client.js';
import { Gate } from '../../support/gate.js';
import type { TestApp } from '../../support/test-app.js';
import { halfSignIn, newUserId, startTestApp, users } from '../../support/test-app.js';

const ATTEMPTS = 3;
const RIGHT = '314159';
const TYPE = 'pocket_code' as MfaType;

/** Asks a machine that can be away, and slow. */
class PocketCode extends MfaFactor {
  static readonly traits = { type: TYPE } as unknown as MfaFactorTraits;
  static readonly machine = new Gate();
  static error: unknown = null;

  begin(): MfaBegunSetup {
    return { data: 'x', expiresAt: new Date(this.mfa.clock.now() + 600_000), answer: {} };
  }

  async activate(code: string): Promise<'wrong' | MfaFactorProof> {
    // Thrown as it is.
    if (PocketCode.error) throw PocketCode.error as Error;
    if (code !== RIGHT) return 'wrong';
    await PocketCode.machine.pass();
    return { data: 'x' };
  }

  async verify(code: string): Promise<'wrong' | MfaFactorProof> {
    return this.activate(code);
  }
}

/** A card of proofs that are counted, of which the factor says no more than how many are left. */
class CountedCard extends MfaFactor {
  static readonly traits = { type: 'counted_card' } as unknown as MfaFactorTraits;
  static readonly desk = new Gate();
  static readonly seen: (number | null)[] = [];

  begin(): MfaBegunSetup {
    return { data: 'x', expiresAt: new Date(this.mfa.clock.now() + 600_000), answer: {} };
  }

  activate(): MfaFactorProof {
    return { data: 'x', remaining: 5 };
  }

  async verify(
    _code: string,
    { authenticator }: { authenticator: MfaFactorAuthenticator },
  ): Promise<MfaFactorProof> {
    const remaining = authenticator.remaining ?? 0;
    CountedCard.seen.push(remaining);
    await CountedCard.desk.pass();
    return { remaining: remaining - 1 };
  }
}

describe('the first code of a factor of the application’s own', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      mfa: { factors: [PocketCode, CountedCard], rateLimit: { attempts: ATTEMPTS } },
    });
  });
  afterAll(() => test.close());
  beforeEach(() => {
    PocketCode.error = null;
  });

  async function begin(): Promise<{ id: string; client: Client }> {
    const id = newUserId();
    const client = test.client();
    await client.post('/login', { id });
    expect((await client.post(`/mfa/factors/${TYPE}`, {})).status).toBe(201);
    return { id, client };
  }

  const activate = (client: Client, code: unknown = RIGHT): Promise<Answer> =>
    client.post(`/mfa/factors/${TYPE}/activate`, { code });
  const told = ({ status, body }: Answer) => [status, body.code as unknown];

  it('costs no attempt when it could not be looked at', async () => {
    const { client } = await begin();
    PocketCode.error = new MfaException('storage_unavailable');
    for (let time = 0; time <= ATTEMPTS; time += 1) {
      expect(told(await activate(client))).toEqual([503, 'storage_unavailable']);
    }
    PocketCode.error = null;
    expect((await activate(client)).status).toBe(201);
  });

  it('costs one when it is wrong', async () => {
    const { client } = await begin();
    for (let time = 0; time < ATTEMPTS; time += 1) {
      expect(told(await activate(client, '000000'))).toEqual([400, 'incorrect_code']);
    }
    expect(told(await activate(client))).toEqual([429, 'too_many_attempts']);
  });

  it('costs none when it is right and another request was faster', async () => {
    const { client } = await begin();
    for (let round = 0; round < ATTEMPTS; round += 1) {
      PocketCode.machine.close();
      const slow = activate(client);
      await PocketCode.machine.holds(1);
      // Begun anew, so that what is being finished is not there any more.
      expect((await client.post(`/mfa/factors/${TYPE}`, {})).status).toBe(201);
      PocketCode.machine.open();
      expect(told(await slow)).toEqual([409, 'no_pending_setup']);
    }
    expect((await activate(client)).status).toBe(201);
  });

  it('is sent by the session that began', async () => {
    const { id, client } = await begin();
    const other = test.client();
    await other.post('/login', { id });
    expect(told(await activate(other))).toEqual([409, 'no_pending_setup']);
    // Nor by code that has no session.
    const activation = test.app
      .get(MfaFactorsService)
      .activate(users.get(id) as { id: string }, TYPE, { code: RIGHT });
    await expect(activation).rejects.toMatchObject({ code: 'no_pending_setup' });
    expect((await activate(client)).status).toBe(201);
  });

  it.each([[undefined], [314159], ['12345'], ['x'.repeat(300)]])(
    'is asked of code of the application’s own too: %p',
    async (code) => {
      const { id } = await begin();
      const activation = test.app
        .get(MfaFactorsService)
        .activate(users.get(id) as { id: string }, TYPE, { code: code as string });
      await expect(activation).rejects.toMatchObject({ code: 'invalid_request' });
    },
  );
});

describe('proofs that a factor counts', () => {
  it('are counted one after the other where two are proven at once', async () => {
    const test = await startTestApp({ mfa: { factors: [CountedCard] } });
    try {
      const id = newUserId();
      const client = test.client();
      await client.post('/login', { id });
      await client.post('/mfa/factors/counted_card', {});
      expect((await client.post('/mfa/factors/counted_card/activate', { code: '111111' })).status).toBe(201);
      const halves = [await halfSignIn(test, { id }), await halfSignIn(test, { id })];
      CountedCard.desk.close();
      const answers = halves.map((half) => half.post('/mfa/authenticate', { code: '222222' }));
      await CountedCard.desk.holds(2);
      CountedCard.desk.open();
      expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
      // Who came second was asked once more, with what is left.
      expect(CountedCard.seen).toEqual([5, 5, 4]);
      const [card] = (await client.get('/mfa/authenticators?type=counted_card')).body;
      expect(card.remaining).toBe(3);
    } finally {
      await test.close();
    }
  });
});
