/** @jest-environment-options {"ownModules": true} */
import { expect, it } from '@jest/globals';

it('lists show authenticator apps before keys, and recovery codes last', async () => {
  const { BUILT_IN_TRAITS } = await import('./built-in.js');
  expect(BUILT_IN_TRAITS.map(({ type }) => type)).toEqual(['totp', 'webauthn', 'recovery_codes']);
});
