import { describe, expect, it } from '@jest/globals';

import type { AuthenticationSession } from '../engine/rows/authentication-session.entity.js';
import type { ProofSubject } from './second-factor.flow.js';
import { ProofSubjects } from './second-factor.flow.js';

const SESSION = { id: '1', methods: [{ method: 'pwd', at: 1 }] } as AuthenticationSession;
const RENEWED = { ...SESSION, methods: [] } as unknown as AuthenticationSession;

const subjects = () =>
  new ProofSubjects(
    {} as never,
    { renew: (session: object) => Promise.resolve(session === SESSION ? RENEWED : null) } as never,
    { usableTypes: (...given: unknown[]) => Promise.resolve(given) } as never,
    {} as never,
    {} as never,
    {} as never,
  );

const subject = (session: AuthenticationSession | null): ProofSubject => ({
  user: { id: 'ada' },
  session,
  isSignIn: false,
  authenticators: [],
});

describe('whose second factor is proven', () => {
  it('is the same with the session as it is now', async () => {
    expect(await subjects().renew(subject(SESSION))).toEqual(subject(RENEWED));
  });

  it('is nobody whose session is looked for, and who had none', async () => {
    await expect(subjects().renew(subject(null))).rejects.toMatchObject({ code: 'session_expired' });
  });

  it('can use what may stand beside the session, which need not be there', async () => {
    expect(await subjects().usableTypes(subject(SESSION))).toEqual([{ id: 'ada' }, [], SESSION.methods]);
    expect(await subjects().usableTypes(subject(null))).toEqual([{ id: 'ada' }, [], undefined]);
  });
});
