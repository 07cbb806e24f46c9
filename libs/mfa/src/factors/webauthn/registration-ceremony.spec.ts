import { describe, expect, it } from '@jest/globals';

import type { Tampering } from '../../../../../test/support/authenticator.js';
import { SoftwareAuthenticator } from '../../../../../test/support/authenticator.js';
import type { ChallengeContent } from './challenge.js';
import { parseRegistration } from './credential-json.js';
import { RegistrationCeremony } from './registration-ceremony.js';
import { RelyingParty } from './relying-party.js';

const CHALLENGE = Buffer.alloc(32, 1).toString('base64url');
const HANDLE = Buffer.alloc(32, 2).toString('base64url');
const OWNER = { ceremony: 'register', userId: 'ada', sessionId: 's1' } as const;
const BINDING = { ...OWNER, rpId: 'example.com' };
const ATTESTATION = { attested: false, attestationKeys: null };
const CONTENT: ChallengeContent = {
  expiresAt: 1,
  requireUserVerification: false,
  role: 'second_factor',
  automatic: false,
  userHandle: HANDLE,
};
const webauthn = {
  origins: ['https://app.example.com'],
  hints: ['hybrid'],
  attestation: 'none',
};

/** A ceremony whose challenge has this content, and what it asked of the others. */
function prepare({ content = {}, isAccepted = true, takesSynced = true } = {}) {
  const calls: unknown[] = [];
  const kept: ChallengeContent = { ...CONTENT, ...content };
  const ceremony = new RegistrationCeremony(
    {
      issue: (...given: unknown[]) => {
        calls.push(given);
        return Promise.resolve(CHALLENGE);
      },
      use: (_: string, binding: object) => {
        calls.push(binding);
        return Promise.resolve({ challenge: CHALLENGE, content: kept });
      },
    } as never,
    new RelyingParty(
      { getPublicKeyCredentialRpEntity: () => ({ id: 'example.com', name: 'Example' }) } as never,
      { webauthn } as never,
    ),
    {
      verify: (user: object) => {
        calls.push(user);
        return Promise.resolve(isAccepted ? ATTESTATION : null);
      },
    } as never,
    {
      // No attestation is needed yet: what it says is judged by another.
      fitsKey: ({ backupEligible, attested }: { backupEligible: boolean; attested: boolean }) =>
        attested && (takesSynced || !backupEligible),
    } as never,
  );
  const verify = (tampering: Tampering = {}) =>
    ceremony.verify(
      parseRegistration(
        new SoftwareAuthenticator().create(
          { challenge: CHALLENGE, rp: { id: 'example.com' }, user: { id: HANDLE } },
          tampering,
        ),
      ),
      OWNER,
      ({ userHandle }) => ({ id: userHandle }),
    );
  return { ceremony, calls, kept, verify };
}

describe('the options for registering a key', () => {
  const request = {
    user: { id: HANDLE, name: 'ada@example.com', displayName: 'Ada' },
    residentKey: 'required',
  } as const;

  it.each([
    ['required', true],
    ['preferred', false],
  ] as const)('remember in the challenge whether user verification is %s', async (userVerification, is) => {
    const { ceremony, calls } = prepare();
    const options = await ceremony.begin(
      OWNER,
      { role: 'both', automatic: true },
      { ...request, userVerification },
    );
    expect(options).toMatchObject({
      rp: { id: 'example.com', name: 'Example' },
      challenge: CHALLENGE,
      user: request.user,
      hints: ['hybrid'],
      authenticatorSelection: { residentKey: 'required', userVerification },
    });
    const content = { requireUserVerification: is, role: 'both', automatic: true, userHandle: HANDLE };
    expect(calls).toEqual([[BINDING, content]]);
  });
});

describe('the registration of a key', () => {
  it('uses up its challenge, and is shown to the application as that of the user', async () => {
    const { verify, calls, kept } = prepare();
    expect(await verify()).toEqual({
      content: kept,
      verified: expect.objectContaining({ format: 'none' }),
      attestation: ATTESTATION,
      rpId: 'example.com',
    });
    expect(calls).toEqual([BINDING, { id: HANDLE }]);
  });

  it('is refused when it does not hold, before the application is asked', async () => {
    const { verify, calls } = prepare();
    await expect(verify({ origin: 'https://example.org' })).rejects.toMatchObject({
      code: 'webauthn_failed',
      details: {},
    });
    expect(calls).toEqual([BINDING]);
  });

  it('shows what its challenge asked for', async () => {
    const { verify } = prepare({ content: { requireUserVerification: true } });
    await expect(verify({ userVerified: false })).rejects.toMatchObject({ code: 'webauthn_failed' });
    expect(await verify({ userVerified: true })).toBeTruthy();
  });

  it('needs a touch, unless the browser made the key by itself', async () => {
    await expect(prepare().verify({ userPresent: false })).rejects.toMatchObject({
      code: 'webauthn_failed',
    });
    expect(await prepare({ content: { automatic: true } }).verify({ userPresent: false })).toBeTruthy();
  });

  it('is refused, with the reason, if the key can be synced and would never count', async () => {
    const { verify } = prepare({ takesSynced: false });
    await expect(verify({ backupEligible: true })).rejects.toMatchObject({
      code: 'webauthn_failed',
      details: { reason: 'key_can_be_synced' },
    });
    expect(await verify({ backupEligible: false })).toBeTruthy();
  });

  it('is refused if the application does not take the attestation', async () => {
    await expect(prepare({ isAccepted: false }).verify()).rejects.toMatchObject({
      code: 'webauthn_failed',
    });
  });
});
