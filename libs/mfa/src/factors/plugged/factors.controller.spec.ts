import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { FactorRoutes, expectAddingOnly } from '../../../../../test/support/factor-routes.js';
import { PLUGGED_FACTORS } from './plugged.parts.js';

const ADA = { id: 'ada' };
const CONTEXT = { of: 'ada', session: null };

describe('the routes that set further factors up', () => {
  let routes: FactorRoutes;
  beforeAll(async () => {
    routes = await FactorRoutes.serve(PLUGGED_FACTORS);
  });
  afterAll(() => routes.close());

  it.each<[string, unknown, object]>([
    [
      'all that a body says, which only the factor knows',
      { to: '17', more: { deep: [1] } },
      { to: '17', more: { deep: [1] } },
    ],
    ['nothing of an empty body', {}, {}],
    ['nothing without a body', undefined, {}],
    ['nothing of an empty text', '', {}],
    ['nothing of null', null, {}],
  ])('begin one with %s', async (_, body, fields) => {
    await expect(routes.post('/factors/pager', body)).resolves.toStrictEqual({
      status: 201,
      body: { by: 'FactorSetupFlow.begin' },
      cache: 'no-store',
      calls: [['FactorSetupFlow.begin', ADA, 'pager', fields, CONTEXT]],
    });
  });

  it.each([[[{ to: '17' }]], [[]], ['to 17'], [17], [true]])('begin none with %j', async (body) => {
    await expect(routes.post('/factors/pager', body)).resolves.toMatchObject({
      status: 400,
      body: { code: 'invalid_request', message: ['the body must be an object'] },
      calls: [],
    });
  });

  it('finish one with a code, and answer with what came of it', async () => {
    const body = { code: '123 456', name: 'Pager', endOtherSessions: true };
    const { calls, ...answer } = await routes.post('/factors/pager/activate', { ...body, more: 1 });
    expect(answer).toEqual({ status: 201, body: { by: 'ActivationAnswers.give' }, cache: 'no-store' });
    expect(calls).toEqual([
      ['FactorSetupFlow.activate', ADA, 'pager', body, CONTEXT],
      [
        'ActivationAnswers.give',
        ADA,
        { by: 'FactorSetupFlow.activate' },
        {
          request: 'request of /factors/pager/activate',
          response: 'response to /factors/pager/activate',
        },
      ],
    ]);
  });

  it.each([{}, { code: '' }, { code: 123456 }])('finish none with %j', async (body) => {
    await expect(routes.post('/factors/pager/activate', body)).resolves.toMatchObject({
      status: 400,
      body: {
        code: 'invalid_request',
        message: ['code must be 6 to 16 digits, or 8 to 40 letters and digits'],
      },
      calls: [],
    });
  });

  it.each(['/factors/pager', '/factors/pager/activate'])(
    'need a proof recent enough to add a factor at %s',
    async (path) => {
      await expectAddingOnly(routes, path, { code: '123456' }, 201);
    },
  );

  it('are documented under their headings, with the status that they have', () => {
    expect(routes.documented()).toEqual({
      'POST /factors/:type': { tag: 'Further factors', statuses: [201] },
      'POST /factors/:type/activate': { tag: 'Further factors', statuses: [201] },
      'POST /authenticate/:type/challenge': { tag: 'Signing in', statuses: [200] },
    });
  });
});
