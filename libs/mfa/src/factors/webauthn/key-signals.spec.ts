import { describe, expect, it } from '@jest/globals';

import { KeySignals } from './key-signals.js';

/** Signals for a user with that account. */
const signalsOf = (account: object) =>
  new KeySignals(
    { findAccount: (userId: string) => Promise.resolve(userId === '7' ? account : null) } as never,
    { entity: () => Promise.resolve({ id: 'example.com', name: 'Example' }) } as never,
    {
      getPublicKeyCredentialUserEntity: ({ email }: { email: string }, id: string) => ({
        id,
        name: email,
        displayName: 'Ada',
      }),
    } as never,
  ).of({ id: 7, email: 'ada@example.com' });

describe('the signals for browsers', () => {
  it('tell which credentials there are, and what the user is called', async () => {
    const credentials = [{ credentialId: 'AQID' }, { credentialId: 'AQIE' }];
    expect(await signalsOf({ userHandle: 'aGFuZGxl', credentials })).toEqual({
      allAcceptedCredentials: {
        rpId: 'example.com',
        userId: 'aGFuZGxl',
        allAcceptedCredentialIds: ['AQID', 'AQIE'],
      },
      currentUserDetails: {
        rpId: 'example.com',
        userId: 'aGFuZGxl',
        name: 'ada@example.com',
        displayName: 'Ada',
      },
    });
  });

  it('tell that none is left', async () => {
    const { allAcceptedCredentials } = await signalsOf({ userHandle: 'aGFuZGxl', credentials: [] });
    expect(allAcceptedCredentials.allAcceptedCredentialIds).toEqual([]);
  });

  it('are none for a user who never had a key', async () => {
    await expect(signalsOf({ userHandle: null, credentials: [] })).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});
