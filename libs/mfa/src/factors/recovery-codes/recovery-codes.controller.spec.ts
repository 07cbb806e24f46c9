import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { FactorRoutes } from '../../../../../test/support/factor-routes.js';
import { RECOVERY_CODES } from './recovery-codes.parts.js';

const ADA = { id: 'ada' };
const PATH = '/recovery-codes';
const CONTEXT = { of: 'ada', session: null };

describe('the routes of recovery codes', () => {
  let routes: FactorRoutes;
  beforeAll(async () => {
    routes = await FactorRoutes.serve(RECOVERY_CODES);
  });
  afterAll(() => routes.close());

  it('say how many are left, to any signed-in user', async () => {
    await expect(routes.get(PATH, { user: ADA, recent: [] })).resolves.toStrictEqual({
      status: 200,
      body: { by: 'RecoveryCodesService.summary' },
      cache: 'no-store',
      calls: [['RecoveryCodesService.summary', ADA]],
    });
    await expect(routes.get(PATH, {})).resolves.toMatchObject({
      body: { code: 'unauthenticated' },
      calls: [],
    });
  });

  it.each<[string, object | undefined, object]>([
    ['', { more: 1 }, {}],
    [', and end the other sessions', { endOtherSessions: true }, { endOtherSessions: true }],
  ])('make new ones%s', async (_, body, options) => {
    const { calls, ...answer } = await routes.post(PATH, body);
    expect(answer).toStrictEqual({
      status: 201,
      body: { codes: { by: 'RecoveryCodesService.regenerate' } },
      cache: 'no-store',
    });
    expect(calls).toEqual([['RecoveryCodesService.regenerate', ADA, CONTEXT, options]]);
  });

  it('make new ones only with a recent proof, and not with one that would do to add a factor', async () => {
    await expect(routes.post(PATH, {}, { user: ADA, recent: ['action'] })).resolves.toMatchObject({
      status: 201,
    });
    await expect(routes.post(PATH, {}, { user: ADA, recent: ['adding'] })).resolves.toMatchObject({
      status: 401,
      body: { code: 'mfa_required' },
      cache: 'no-store',
      calls: [],
    });
    await expect(routes.post(PATH, {}, {})).resolves.toMatchObject({
      body: { code: 'unauthenticated' },
      calls: [],
    });
  });

  it('refuse what is no choice', async () => {
    await expect(routes.post(PATH, { endOtherSessions: 'yes' })).resolves.toMatchObject({
      status: 400,
      body: { code: 'invalid_request', message: ['endOtherSessions must be a boolean value'] },
      calls: [],
    });
  });

  it('are documented under their heading, with the status that they have', () => {
    expect(routes.documented()).toEqual({
      'GET /recovery-codes': { tag: 'Recovery codes', statuses: [200] },
      'POST /recovery-codes': { tag: 'Recovery codes', statuses: [201] },
    });
  });
});
