import { describe, expect, it } from '@jest/globals';

import { KeyRing, sealRow } from '../../core/crypto/key-ring.js';
import { AuthenticationSession, isSealedSession, sealSession } from './authentication-session.entity.js';

const NOW = 1_800_000_000_000;
const keyRing = new KeyRing(['a secret of at least 32 bytes, never in use']);

/** A session of Ada's, signed in with her password. */
const sessionOf = (changed: Partial<AuthenticationSession> = {}) =>
  Object.assign(new AuthenticationSession(), {
    id: 'session-1',
    userId: 'ada',
    tokenHash: 'a'.repeat(64),
    status: 'pending',
    methods: [{ method: 'pwd', at: NOW }],
    createdAt: new Date(NOW),
    expiresAt: new Date(NOW + 1000),
    lastSeenAt: null,
    userAgent: null,
    ip: null,
    ttlSeconds: null,
    ...changed,
  });
const seal = sealSession(keyRing, sessionOf());
const isGenuine = (changed: Partial<AuthenticationSession>) =>
  isSealedSession(keyRing, sessionOf({ seal, ...changed }));

describe('the seal of a session', () => {
  it.each<[string, Partial<AuthenticationSession>]>([
    ['as it was sealed', {}],
    ['used since', { lastSeenAt: new Date(NOW) }],
    ['wherever it was started', { userAgent: 'Firefox', ip: '192.0.2.1' }],
  ])('fits the session %s', (_, changed) => {
    expect(isGenuine(changed)).toBe(true);
  });

  it.each<[string, Partial<AuthenticationSession>]>([
    ['another session', { id: 'session-2' }],
    ['another user', { userId: 'eve' }],
    ['another token', { tokenHash: 'b'.repeat(64) }],
    ['a session that owes nothing more', { status: 'authenticated' }],
    ['other proofs', { methods: [{ method: 'external', at: NOW }] }],
    ['later proofs', { methods: [{ method: 'pwd', at: NOW + 1 }] }],
    ['another lifetime', { ttlSeconds: 7 }],
    ['a later start', { createdAt: new Date(NOW + 1) }],
    ['a later expiry', { expiresAt: new Date(NOW + 1001) }],
    ['a session without a seal', { seal: null }],
  ])('does not fit %s', (_, changed) => {
    expect(isGenuine(changed)).toBe(false);
  });

  it('is of no other kind of row', () => {
    const methods = JSON.stringify([{ method: 'pwd', at: NOW }]);
    const fields = ['session-1', 'ada', 'a'.repeat(64), 'pending', methods, null, NOW, NOW + 1000];
    expect(seal).toBe(sealRow(keyRing, 'session', fields));
  });
});

it('expires at the moment that it names', () => {
  expect(sessionOf().isExpired(NOW + 999)).toBe(false);
  expect(sessionOf().isExpired(NOW + 1000)).toBe(true);
  expect(sessionOf({ expiresAt: new Date(Date.now() + 60_000) }).isExpired()).toBe(false);
  expect(sessionOf({ expiresAt: new Date(Date.now() - 60_000) }).isExpired()).toBe(true);
});
