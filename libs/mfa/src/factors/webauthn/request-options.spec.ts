import { describe, expect, it } from '@jest/globals';

import type { AuthenticationSession } from '../../engine/rows/authentication-session.entity.js';
import type { MfaNeeds } from '../../core/policy/policy.js';
import { RelyingParty } from './relying-party.js';
import { RequestOptions } from './request-options.js';
import type { WebAuthnCredential } from './webauthn-credential.entity.js';

const CHALLENGE = Buffer.alloc(32, 1).toString('base64url');
const SESSION = { id: 's1' } as AuthenticationSession;

const keyOf = (authenticatorId: string, changed: Partial<WebAuthnCredential> = {}) =>
  ({
    authenticatorId,
    credentialId: authenticatorId,
    transports: ['usb'],
    backupEligible: false,
    attested: true,
    ...changed,
  }) as WebAuthnCredential;
const BOUND = keyOf('bound');
const SYNCED = keyOf('synced', { backupEligible: true });
/** Attested once; its model has been rejected since. */
const REJECTED = keyOf('rejected');

/** Options for Ada, who has these keys, and the challenges that were issued. */
function prepare(
  keys: WebAuthnCredential[] = [BOUND, SYNCED, REJECTED],
  { userVerification = 'preferred', hints = [] as string[] } = {},
) {
  const issued: unknown[] = [];
  const requests = new RequestOptions(
    { findAccount: (id: string) => Promise.resolve({ credentials: id === 'ada' ? keys : [] }) } as never,
    {
      issue: (...given: unknown[]) => {
        issued.push(given);
        return Promise.resolve(CHALLENGE);
      },
    } as never,
    { isAttested: ({ authenticatorId }: WebAuthnCredential) => authenticatorId === 'bound' } as never,
    new RelyingParty(
      { getPublicKeyCredentialRpEntity: () => ({ id: 'example.com', name: 'Example' }) } as never,
      { webauthn: { userVerification, hints } } as never,
    ),
  );
  const forAda = ({
    session = null as AuthenticationSession | null,
    id = undefined as string | undefined,
    needs = {},
    suspended = [] as string[],
  } = {}) => requests.forUser({ id: 'ada' }, session, id, needs, suspended);
  const idsFor = async (wishes: Parameters<typeof forAda>[0]) =>
    (await forAda(wishes)).allowCredentials?.map(({ id }) => id);
  return { requests, issued, forAda, idsFor };
}

/** What the challenge of a proof remembers. */
const remembered = (requireUserVerification: boolean) => ({
  requireUserVerification,
  role: 'second_factor',
  automatic: false,
  userHandle: '',
});

describe('the options for a proof by a key of the user', () => {
  it('ask for any of the keys, within five minutes', async () => {
    const { forAda, issued } = prepare([BOUND], { hints: ['security-key'] });
    expect(await forAda()).toEqual({
      rpId: 'example.com',
      challenge: CHALLENGE,
      timeout: 300_000,
      userVerification: 'preferred',
      allowCredentials: [{ id: 'bound', transports: ['usb'], type: 'public-key' }],
      hints: ['security-key'],
    });
    const binding = { ceremony: 'authenticate', userId: 'ada', sessionId: '', rpId: 'example.com' };
    expect(issued).toEqual([[binding, remembered(false)]]);
  });

  it('are for the session', async () => {
    const { forAda, issued } = prepare();
    await forAda({ session: SESSION });
    expect(issued).toMatchObject([[{ sessionId: 's1' }, {}]]);
  });

  it.each<[string, string, MfaNeeds]>([
    ['the options', 'required', {}],
    ['the proof', 'discouraged', { userVerified: true }],
  ])('require user verification if %s do', async (_, userVerification, needs) => {
    const { forAda, issued } = prepare([BOUND], { userVerification });
    expect((await forAda({ needs })).userVerification).toBe('required');
    expect(issued).toMatchObject([[{}, { requireUserVerification: true }]]);
  });

  it('name one key if one is asked for, unless it is suspended', async () => {
    const { idsFor } = prepare();
    expect(await idsFor({ id: 'synced' })).toEqual(['synced']);
    expect(await idsFor({ id: 'synced', suspended: ['synced'] })).toEqual([]);
    expect(await idsFor({ id: 'another' })).toEqual([]);
  });

  it('leave suspended keys out', async () => {
    const { idsFor } = prepare();
    expect(await idsFor({ suspended: ['bound', 'rejected'] })).toEqual(['synced']);
  });

  it('leave keys out that can’t show what is needed, by what is known of their model now', async () => {
    const { idsFor } = prepare();
    expect(await idsFor({ needs: { deviceBound: true } })).toEqual(['bound', 'rejected']);
    expect(await idsFor({ needs: { attested: true } })).toEqual(['bound']);
  });

  it('name all keys if none can show it', async () => {
    const { idsFor } = prepare([SYNCED, REJECTED]);
    expect(await idsFor({ needs: { attested: true } })).toEqual(['synced', 'rejected']);
  });
});

describe('the options for signing in with a passkey', () => {
  it('name no key, and require user verification', async () => {
    const { requests, issued } = prepare();
    const options = await requests.forPasskeys();
    expect(options).toMatchObject({ rpId: 'example.com', userVerification: 'required' });
    expect(options).not.toHaveProperty('allowCredentials', expect.anything());
    const binding = { ceremony: 'passkey', userId: '', sessionId: '', rpId: 'example.com' };
    expect(issued).toEqual([[binding, remembered(true)]]);
  });
});
