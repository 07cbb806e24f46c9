/** @jest-environment-options {"ownModules": true} */
import { expect, it } from '@jest/globals';

import type { MfaType } from '../core/policy/methods.js';
import { MFA_TYPES, registerFactorType } from '../core/policy/methods.js';
import { MfaRequest } from '../engine/rows/mfa-request.js';
import { SecondFactorFlow } from './second-factor.flow.js';

const MAIL = 'mail_link' as MfaType;

registerFactorType({ type: MAIL, channel: 'email' });

/** The types that a code may be of in a sign-in that began with this first factor. */
async function typesAfter(method: string): Promise<MfaType[]> {
  let asked: MfaType[] = [];
  const session = { id: 's1', status: 'pending', methods: [{ method, at: 1, isFirst: true }] };
  const flow = new SecondFactorFlow(
    {
      verify: (_user: object, _code: string, _rows: object[], { types }: { types: MfaType[] }) => {
        asked = types;
        return Promise.reject(new Error('seen'));
      },
    } as never,
    {
      of: () => Promise.resolve({ user: { id: 'ada' }, session, isSignIn: true, authenticators: [] }),
    } as never,
    {} as never,
    { isOpen: true, admitted: () => Promise.resolve([]) } as never,
    {} as never,
    {} as never,
    {} as never,
    {} as never,
  );
  await expect(flow.authenticateByCode(new MfaRequest({}), '123456')).rejects.toThrow('seen');
  return asked;
}

it('a code over the channel of the first factor is no second one, wherever it was sent', async () => {
  expect(await typesAfter('sms')).toEqual(MFA_TYPES);
  expect(await typesAfter('email')).toEqual(MFA_TYPES.filter((type) => type !== MAIL));
  expect(MFA_TYPES).toContain(MAIL);
});
