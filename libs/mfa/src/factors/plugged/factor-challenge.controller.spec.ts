import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { FactorRoutes } from '../../../../../test/support/factor-routes.js';
import type { AuthenticationSession } from '../../engine/rows/authentication-session.entity.js';
import { PLUGGED_FACTORS } from './plugged.parts.js';

const PATH = '/authenticate/pager/challenge';
const PENDING = { id: 's1', userId: 'ada', status: 'pending' } as AuthenticationSession;
const ID = '7f2b6c1e-3d54-4e0b-9a57-1c2d3e4f5a6b';
const CONTEXT = { of: 'ada', session: null };

describe('the route that challenges a further factor', () => {
  let routes: FactorRoutes;
  beforeAll(async () => {
    routes = await FactorRoutes.serve(PLUGGED_FACTORS);
  });
  afterAll(() => routes.close());

  it.each<[string, object | undefined, string | undefined]>([
    ['the only one of its type', undefined, undefined],
    ['any of its type', { authenticatorId: null }, undefined],
    ['the one that is named', { authenticatorId: ID }, ID],
  ])('asks for %s', async (_, body, authenticatorId) => {
    await expect(routes.post(PATH, body)).resolves.toStrictEqual({
      status: 200,
      body: { by: 'FactorChallengeFlow.challenge' },
      cache: 'no-store',
      calls: [['FactorChallengeFlow.challenge', CONTEXT, 'pager', authenticatorId]],
    });
  });

  it('is open to who has signed in, and to who is about to, without a recent proof', async () => {
    const ofPending = await routes.post(PATH, {}, { session: PENDING });
    expect(ofPending).toMatchObject({
      status: 200,
      calls: [['FactorChallengeFlow.challenge', { of: null, session: 's1' }, 'pager', undefined]],
    });
    await expect(routes.post(PATH, {}, { user: { id: 'ada' } })).resolves.toMatchObject({ status: 200 });
    await expect(routes.post(PATH, {}, {})).resolves.toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
      cache: 'no-store',
      calls: [],
    });
  });

  it('refuses what is no id', async () => {
    await expect(routes.post(PATH, { authenticatorId: 'pager' })).resolves.toMatchObject({
      status: 400,
      body: { code: 'invalid_request', message: ['authenticatorId must be a UUID'] },
      calls: [],
    });
  });
});
