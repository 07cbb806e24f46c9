import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { FactorRoutes, expectAddingOnly } from '../../../../../test/support/factor-routes.js';
import { TOTP } from './totp.parts.js';

const ADA = { id: 'ada' };
const CONTEXT = { of: 'ada', session: null };

describe('the routes of authenticator apps', () => {
  let routes: FactorRoutes;
  beforeAll(async () => {
    routes = await FactorRoutes.serve(TOTP);
  });
  afterAll(() => routes.close());

  it.each<[string, object | undefined, string | undefined]>([
    ['without a body', undefined, undefined],
    ['for a further app', {}, undefined],
    ['for none that it would replace', { replaces: null }, undefined],
    ['for one that it replaces', { replaces: 'app-1' }, 'app-1'],
  ])('begin a set-up %s', async (_, body, replaces) => {
    await expect(routes.post('/totp', body)).resolves.toStrictEqual({
      status: 201,
      body: { by: 'TotpService.begin' },
      cache: 'no-store',
      calls: [['TotpService.begin', ADA, CONTEXT, replaces]],
    });
  });

  it('finish it with a code, and answer with what came of it', async () => {
    const body = { code: '123456', name: 'Phone', endOtherSessions: true };
    const { calls, ...answer } = await routes.post('/totp/activate', { ...body, more: 1 });
    expect(answer).toEqual({ status: 201, body: { by: 'ActivationAnswers.give' }, cache: 'no-store' });
    expect(calls).toEqual([
      ['TotpService.activate', ADA, body, CONTEXT],
      [
        'ActivationAnswers.give',
        ADA,
        { by: 'TotpService.activate' },
        {
          request: 'request of /totp/activate',
          response: 'response to /totp/activate',
        },
      ],
    ]);
  });

  it.each([
    ['/totp', { replaces: '../app' }, 'replaces must be an id: 1 to 64 letters, digits and hyphens'],
    ['/totp/activate', { code: 'abcdef' }, 'code must be 6 to 8 digits'],
    ['/totp/activate', {}, 'code must be 6 to 8 digits'],
    [
      '/totp/activate',
      { code: '123456', endOtherSessions: 'yes' },
      'endOtherSessions must be a boolean value',
    ],
  ])('refuse at %s %j', async (path, body, message) => {
    const { status, body: refusal, calls } = await routes.post(path, body);
    expect({ status, refusal, calls }).toStrictEqual({
      status: 400,
      refusal: expect.objectContaining({ code: 'invalid_request', message: [message] }),
      calls: [],
    });
  });

  it.each(['/totp', '/totp/activate'])('need a proof recent enough to add a factor at %s', async (path) => {
    await expectAddingOnly(routes, path, { code: '123456' }, 201);
  });

  it('are documented under their heading, with the status that they have', () => {
    expect(routes.documented()).toEqual({
      'POST /totp': { tag: 'Authenticator apps', statuses: [201] },
      'POST /totp/activate': { tag: 'Authenticator apps', statuses: [201] },
    });
  });
});
