/** @jest-environment-options {"ownModules": true} */
import { describe, expect, it } from '@jest/globals';

import { asksForAll } from './acr.js';
import { isOfferedUnderFloor } from './floor.js';
import type { MfaType } from './methods.js';
import { registerFactorType } from './methods.js';

const PALM = 'palm' as MfaType;

describe('where a factor of the application shows how it was proven too', () => {
  registerFactorType({ type: PALM, showsFacts: true });

  it('two proofs are no proof by the one that has to show it: the other may have shown it', () => {
    const both = { allOf: ['webauthn', PALM], userVerified: true } as const;
    expect(asksForAll(both, { methods: ['webauthn'] })).toBe(true);
    expect(asksForAll(both, { methods: ['webauthn'], userVerified: true })).toBe(false);
    expect(
      asksForAll({ ...both, methods: ['webauthn'] }, { methods: ['webauthn'], userVerified: true }),
    ).toBe(true);
  });

  it('is not offered under a floor unless nobody can relay it', () => {
    expect(isOfferedUnderFloor(PALM)).toBe(false);
  });
});
