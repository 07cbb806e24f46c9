import { describe, expect, it } from '@jest/globals';

import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { KNOWN_PROVIDERS } from './known-providers.js';
import { WebAuthnDetails } from './webauthn-details.js';
import type { WebAuthnCredential } from './webauthn-credential.entity.js';

const [KNOWN, KNOWN_NAME] = Object.entries(KNOWN_PROVIDERS)[0] as [string, string];

const credentialOf = (authenticatorId: string, changed: Partial<WebAuthnCredential> = {}) =>
  ({
    authenticatorId,
    passwordless: false,
    backedUp: false,
    backupEligible: false,
    transports: ['usb'],
    aaguid: 'unknown',
    ...changed,
  }) as WebAuthnCredential;
const rowOf = (id: string, role: string | null = null) => ({ id, role }) as Authenticator;

/** The details of these credentials of Ada's, with models by AAGUID, and names that the application gives. */
function detailsOf(
  credentials: WebAuthnCredential[],
  { models = {}, names = {} }: { models?: Record<string, string>; names?: Record<string, string> } = {},
) {
  return new WebAuthnDetails(
    {
      findAccount: (id: string) => Promise.resolve({ credentials: id === 'ada' ? credentials : [] }),
    } as never,
    { isAttested: ({ attested }: WebAuthnCredential) => attested } as never,
    {
      find: ({ aaguid }: WebAuthnCredential) => (models[aaguid] ? { name: models[aaguid] } : null),
    } as never,
    { getAuthenticatorProvider: (aaguid: string) => Promise.resolve(names[aaguid]) } as never,
  );
}

describe('what lists show of a key', () => {
  it('is what the browser may need of it, and its role', async () => {
    const details = detailsOf([credentialOf('a1', { backedUp: true })]);
    expect(details.type).toBe('webauthn');
    const views = await details.describe('ada', [rowOf('a1')]);
    expect(views.get('a1')).not.toHaveProperty('provider');
    expect(views).toEqual(
      new Map([['a1', { passwordless: false, role: 'second_factor', backedUp: true, transports: ['usb'] }]]),
    );
  });

  it.each([
    ['both', rowOf('a1')],
    ['passwordless', rowOf('a1', 'passwordless')],
    ['both', rowOf('another', 'passwordless')],
  ])('is the role %s of a passkey', async (role, row) => {
    const views = await detailsOf([credentialOf('a1', { passwordless: true })]).describe('ada', [
      rowOf('one more'),
      row,
    ]);
    expect(views.get('a1')).toMatchObject({ passwordless: true, role });
  });

  it.each([
    ['the application says', { names: { [KNOWN]: 'Ours' }, models: { [KNOWN]: 'Model' } }, 'Ours'],
    ['the metadata says', { models: { [KNOWN]: 'Model' } }, 'Model'],
    ['is known', {}, KNOWN_NAME],
  ])('is the name of its maker as %s', async (_, sources, provider) => {
    const views = await detailsOf([credentialOf('a1', { aaguid: KNOWN })], sources).describe('ada', []);
    expect(views.get('a1')).toMatchObject({ provider });
  });
});

describe('the facts of keys', () => {
  it('say whether they can be synced, and what is known of their attestation', async () => {
    const details = detailsOf([
      credentialOf('a1', { backupEligible: true, attested: null }),
      credentialOf('a2', { attested: false }),
    ]);
    expect(await details.keyFacts('ada')).toEqual([
      { backupEligible: true },
      { backupEligible: false, attested: false },
    ]);
    expect((await details.keyFacts('ada'))[0]).not.toHaveProperty('attested');
  });
});
