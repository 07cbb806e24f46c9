/** @jest-environment-options {"ownModules": true} */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MfaBegunSetup, MfaFactorProof, MfaFactorTraits, MfaType } from 'nestjs-mfa';
import { MfaException, MfaFactor, MfaFactorsService } from 'nestjs-mfa';

import type { Answer, Client } from '../../support/client.js';
import { Gate } from '../../support/gate.js';
import type { TestApp } from '../../support/test-app.js';
import { newUserId, startTestApp, users } from '../../support/test-app.js';

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

describe('the first code of a factor of the application’s own', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { factors: [PocketCode], rateLimit: { attempts: ATTEMPTS } } });
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
