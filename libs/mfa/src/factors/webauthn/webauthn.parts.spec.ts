import { describe, expect, it } from '@jest/globals';
import { getMetadataArgsStorage } from 'typeorm';

import { AuthenticatorsService } from '../../engine/authenticators/authenticators.service.js';
import { WebAuthnChallenge } from './webauthn-challenge.entity.js';
import { WebAuthnCredential } from './webauthn-credential.entity.js';
import { WEBAUTHN } from './webauthn.parts.js';
import { WebAuthnService } from './webauthn.service.js';

/** The classes that a provider injects. */
const injectedBy = (of: object) =>
  ((Reflect.getMetadata('self:paramtypes', of) ?? []) as { param: unknown }[]).map(({ param }) => param);

describe('what keys add to the module', () => {
  it('is their service alone, for applications', () => {
    expect(WEBAUTHN.services).toEqual([WebAuthnService]);
  });

  it('is what the service is made of', () => {
    const others = injectedBy(WebAuthnService).filter((one) => !WEBAUTHN.internals.includes(one as never));
    expect(others).toEqual([AuthenticatorsService]);
    expect(WEBAUTHN.internals).toContain(WEBAUTHN.details);
  });

  it('is their routes, below the module’s path', () => {
    expect(WEBAUTHN.controllers.map(([path, { name }]) => [path, name])).toEqual([
      ['/webauthn', 'WebAuthnController'],
      ['/authenticate/webauthn', 'AuthenticateWebAuthnController'],
      ['/passkey', 'PasskeyController'],
      ['/sign-up', 'SignUpController'],
    ]);
  });

  it('is a table of credentials, which every change of the user claims, and that must be genuine', () => {
    const owner = { userId: 'userId', authenticatorId: 'authenticatorId' };
    expect(WEBAUTHN.tables[0]).toEqual({
      entity: WebAuthnCredential,
      ...owner,
      isClaimed: true,
      secrets: {
        entity: WebAuthnCredential,
        id: 'authenticatorId',
        ...owner,
        encrypted: [],
        seals: { make: expect.any(Function), hold: expect.any(Function) },
        isMissed: true,
      },
    });
  });

  it('is a table of used challenges, which are kept for an hour after they have expired', () => {
    expect(WEBAUTHN.tables.slice(1)).toEqual([
      { entity: WebAuthnChallenge, expiresAt: 'expiresAt', purgedAs: 'challenges', keptMs: 3_600_000 },
    ]);
  });

  it('names columns that its tables have', () => {
    for (const { entity, userId, authenticatorId, expiresAt } of WEBAUTHN.tables) {
      const columns = getMetadataArgsStorage().filterColumns(entity as never);
      const names = columns.map(({ propertyName }) => propertyName);
      const named = [userId, authenticatorId, expiresAt].filter((one) => one !== undefined);
      expect(names).toEqual(expect.arrayContaining(named));
    }
  });

  it('is counted, and measured by what a user waits for', () => {
    expect(WEBAUTHN.countedAs).toBe('securityKeys');
    expect(
      WEBAUTHN.operations?.map(({ operation, of, method }) => [operation, `${of.name}.${method}`]),
    ).toEqual([
      ['setup.begin', 'RegistrationFlow.options'],
      ['setup.finish', 'RegistrationFlow.register'],
      ['setup.begin', 'SignUpFlow.begin'],
      ['setup.finish', 'SignUpFlow.finish'],
      ['challenge', 'WebAuthnFlow.options'],
      ['proof', 'WebAuthnFlow.authenticate'],
      ['challenge', 'WebAuthnService.getPasskeyRequestOptions'],
      ['proof', 'PasskeyFlow.signIn'],
    ]);
  });
});
