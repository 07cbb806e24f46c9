/** @jest-environment-options {"ownModules": true} */
import { describe, expect, it, jest } from '@jest/globals';

import { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import type { MfaType } from '../../core/policy/methods.js';
import { registerFactorType } from '../../core/policy/methods.js';
import type { MfaUser } from '../../core/users/mfa-user.js';
import { FACTOR_CLEANUPS } from './factor-parts.js';
import { BUILT_IN_FACTORS, FactorRegistry, MFA_FACTORS, factorToken } from './factor-registry.js';
import type { MfaFactor } from './mfa-factor.js';

const SENT = 'sent' as MfaType;
const SHOWN = 'shown' as MfaType;
registerFactorType({ type: SENT, channel: 'pigeon' });
registerFactorType({ type: SHOWN });

const USER = { id: 7, email: 'former@example.com' } as unknown as MfaUser;

/** A registry with an adapter that has this user on record. */
function registryWith(onRecord: MfaUser | null, all: readonly { type: MfaType; factor: MfaFactor }[] = []) {
  const findUser = jest.fn((_id: string) => onRecord);
  const adapter = Object.assign(new DefaultMfaAdapter(), { findUser });
  return { registry: new FactorRegistry(all, adapter), findUser };
}

describe('the factors in the options', () => {
  it('are found by their types', () => {
    const factor = {} as MfaFactor;
    const { registry } = registryWith(null, [{ type: SENT, factor }]);
    expect(registry.find(SENT)).toBe(factor);
    expect(registry.find(SHOWN)).toBeUndefined();
  });
});

it.each([
  ['FACTORS', MFA_FACTORS],
  ['FACTOR:sent', factorToken(SENT)],
  ['BUILT_IN_FACTORS', BUILT_IN_FACTORS],
  ['FACTOR_CLEANUPS', FACTOR_CLEANUPS],
])('all copies of the module share the token %s', (name, token) => {
  expect(token).toBe(Symbol.for(`nestjs-mfa:${name}`));
});

describe('the user of a request', () => {
  it('is looked up if one of the factors sends something', async () => {
    const current = { id: '7', email: 'current@example.com' } as unknown as MfaUser;
    const { registry, findUser } = registryWith(current);
    await expect(registry.onRecord(USER, [SHOWN, SENT])).resolves.toBe(current);
    expect(findUser).toHaveBeenCalledWith('7');
  });

  it.each([[[]], [[SHOWN]], [['gone' as MfaType]]])(
    'is taken as given if none of %p sends anything',
    async (types) => {
      const { registry, findUser } = registryWith(null);
      await expect(registry.onRecord(USER, types)).resolves.toBe(USER);
      expect(findUser).not.toHaveBeenCalled();
    },
  );

  it('is taken as given if the adapter looks nobody up', async () => {
    const registry = new FactorRegistry([], new DefaultMfaAdapter());
    await expect(registry.onRecord(USER, [SENT])).resolves.toBe(USER);
  });

  it.each([
    ['who is gone', null],
    ['in whose place another one is found', { id: '8' }],
  ])('%s has no session any more', async (_, onRecord) => {
    const { registry } = registryWith(onRecord);
    await expect(registry.onRecord(USER, [SENT])).rejects.toMatchObject({ code: 'session_expired' });
  });
});
