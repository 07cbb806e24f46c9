import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

import type { KeyRing } from '../../core/crypto/key-ring.js';
import { lengthPrefixed } from '../../core/crypto/key-ring.js';
import type { WebAuthnCredentialRole } from './credential-role.js';

/** What a challenge is for; one made for one ceremony is no good in another. */
export type Ceremony = 'register' | 'authenticate' | 'passkey' | 'sign_up';

/** What a challenge is bound to; it has to be the same when it comes back. */
export interface ChallengeBinding {
  ceremony: Ceremony;
  /** Empty where nobody is known yet; at a sign-up the name that was asked for. */
  userId: string;
  /** Empty without a session. */
  sessionId: string;
  rpId: string;
}

/** What a challenge carries from the options to the verification. */
export interface ChallengeContent {
  /** Milliseconds since the epoch. */
  expiresAt: number;
  requireUserVerification: boolean;
  /** Of a registration: what the key is for. */
  role: WebAuthnCredentialRole;
  /** Of a registration that the user is not asked for (conditional create). */
  automatic: boolean;
  /** The user handle of a registration in base64url; else empty. */
  userHandle: string;
}

const RANDOM_BYTES = 32;
const MAC_BYTES = 32;
const ROLE_BITS: Readonly<Record<WebAuthnCredentialRole, number>> = {
  second_factor: 0,
  both: 2,
  passwordless: 6,
};
const AUTOMATIC = 8;
const HEADER_BYTES = RANDOM_BYTES + 6 + 1;

/**
 * Makes a challenge that carries its own proof: random bytes, what has to be remembered, and a MAC over both and the
 * binding. So asking for options writes nothing, and a flood of requests fills no table. 32 random bytes (WebAuthn Level 3,
 * section 13.4.3 asks for 16).
 */
export function createChallenge(ring: KeyRing, binding: ChallengeBinding, content: ChallengeContent): string {
  const header = Buffer.alloc(HEADER_BYTES);
  randomBytes(RANDOM_BYTES).copy(header);
  header.writeUIntBE(content.expiresAt, RANDOM_BYTES, 6);
  header.writeUInt8(
    (content.requireUserVerification ? 1 : 0) | ROLE_BITS[content.role] | (content.automatic ? AUTOMATIC : 0),
    RANDOM_BYTES + 6,
  );
  const body = Buffer.concat([header, Buffer.from(content.userHandle, 'base64url')]);
  return Buffer.concat([body, macOf(ring.current('challenge').key, binding, body)]).toString('base64url');
}

/** What a challenge of {@link createChallenge} carries; null when it is forged, bound to something else, or expired. */
export function openChallenge(
  ring: KeyRing,
  binding: ChallengeBinding,
  challenge: string,
  now: number,
): ChallengeContent | null {
  const bytes = Buffer.from(challenge, 'base64url');
  // The encoding must be the one that we gave: two spellings of one challenge would be two challenges.
  if (bytes.length < HEADER_BYTES + MAC_BYTES || bytes.toString('base64url') !== challenge) return null;
  const body = bytes.subarray(0, -MAC_BYTES);
  const mac = bytes.subarray(-MAC_BYTES);
  if (!ring.all('challenge').some((key) => timingSafeEqual(macOf(key, binding, body), mac))) return null;
  const expiresAt = body.readUIntBE(RANDOM_BYTES, 6);
  if (expiresAt <= now) return null;
  const flags = body.readUInt8(RANDOM_BYTES + 6);
  return {
    expiresAt,
    requireUserVerification: (flags & 1) !== 0,
    role: roleOf(flags),
    automatic: (flags & AUTOMATIC) !== 0,
    userHandle: body.subarray(HEADER_BYTES).toString('base64url'),
  };
}

function roleOf(flags: number): WebAuthnCredentialRole {
  if ((flags & 2) === 0) return 'second_factor';
  return (flags & 4) === 0 ? 'both' : 'passwordless';
}

function macOf(key: Buffer, { ceremony, userId, sessionId, rpId }: ChallengeBinding, body: Buffer): Buffer {
  return createHmac('sha256', key)
    .update(lengthPrefixed(ceremony, userId, sessionId, rpId))
    .update(body)
    .digest();
}
