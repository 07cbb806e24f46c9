import { describe, expect, it } from '@jest/globals';

import { KeyRing } from '../../core/crypto/key-ring.js';
import type { ChallengeBinding, ChallengeContent } from './challenge.js';
import { createChallenge, openChallenge } from './challenge.js';

const SECRET = 'a secret of at least 32 bytes, never in use';
const NEWER = 'another secret of at least 32 bytes, in use';
const ring = new KeyRing([SECRET]);
const NOW = 1_800_000_000_000;
const BINDING: ChallengeBinding = {
  ceremony: 'register',
  userId: 'ada',
  sessionId: 'session',
  rpId: 'example.com',
};
const CONTENT: ChallengeContent = {
  expiresAt: NOW + 300_000,
  requireUserVerification: false,
  role: 'second_factor',
  automatic: false,
  userHandle: '',
};

const create = (content: Partial<ChallengeContent> = {}) =>
  createChallenge(ring, BINDING, { ...CONTENT, ...content });
const open = (challenge: string, { keys = ring, binding = BINDING, now = NOW } = {}) =>
  openChallenge(keys, binding, challenge, now);

describe('a challenge', () => {
  it.each<Partial<ChallengeContent>>([
    {},
    { requireUserVerification: true },
    { role: 'both' },
    { role: 'passwordless' },
    { automatic: true },
    { userHandle: Buffer.alloc(32, 255).toString('base64url') },
    { requireUserVerification: true, role: 'both', automatic: true, userHandle: 'AQID' },
    { requireUserVerification: true, role: 'passwordless', automatic: true },
  ])('carries %j', (content) => {
    expect(open(create(content))).toEqual({ ...CONTENT, ...content });
  });

  it('is another each time, by 32 random bytes', () => {
    const randomOf = (challenge: string) => Buffer.from(challenge, 'base64url').subarray(0, 32);
    const [one, two] = [randomOf(create()), randomOf(create())];
    expect(one.equals(two)).toBe(false);
    for (const random of [one, two]) expect(new Set(random).size).toBeGreaterThan(8);
  });

  it.each<Partial<ChallengeBinding>>([
    { ceremony: 'authenticate' },
    { userId: 'eve' },
    { sessionId: 'another' },
    { rpId: 'example.org' },
    { userId: 'adas', sessionId: 'ession' },
  ])('is none for %j', (other) => {
    expect(open(create(), { binding: { ...BINDING, ...other } })).toBeNull();
  });

  it('ends when its time is over', () => {
    expect(open(create(), { now: CONTENT.expiresAt - 1 })).not.toBeNull();
    expect(open(create(), { now: CONTENT.expiresAt })).toBeNull();
  });

  it('is made with the newest secret and opened with any', () => {
    const both = new KeyRing([NEWER, SECRET]);
    expect(open(create(), { keys: both })).toEqual(CONTENT);
    const challenge = createChallenge(both, BINDING, CONTENT);
    expect(open(challenge, { keys: new KeyRing([NEWER]) })).toEqual(CONTENT);
    expect(open(challenge)).toBeNull();
  });

  it('is none after a bit was changed, wherever', () => {
    const bytes = Buffer.from(create({ userHandle: 'AQID' }), 'base64url');
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect([at, open(changed.toString('base64url'))]).toEqual([at, null]);
    }
  });

  it('has one encoding', () => {
    const challenge = create({ userHandle: Buffer.alloc(1).toString('base64url') });
    expect(open(challenge)).not.toBeNull();
    for (const other of [
      `${challenge}=`,
      ` ${challenge}`,
      Buffer.from(challenge, 'base64url').toString('base64'),
    ])
      expect(open(other)).toBeNull();
  });

  it.each([0, 1, 31, 32, 70, 71, 100])('of %i bytes is none', (length) => {
    expect(open(Buffer.alloc(length).toString('base64url'))).toBeNull();
  });
});
