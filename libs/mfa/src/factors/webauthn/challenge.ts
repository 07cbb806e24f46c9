import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

import type { KeyRing } from '../../core/crypto/key-ring.js';
import { lengthPrefixed } from '../../core/crypto/key-ring.js';
import type { WebAuthnCredentialRole } from './credential-role.js';

/** What a challenge is for. A challenge for one ceremony can't be used in another. */
export type Ceremony = 'register' | 'authenticate' | 'passkey' | 'sign_up';

/** What a challenge is bound to. It must be the same when the challenge comes back. */
export interface ChallengeBinding {
  ceremony: Ceremony;
  /** Empty if the user isn't known yet; at a sign-up, the requested name. */
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
  /** What the key is for, in a registration. */
  role: WebAuthnCredentialRole;
  /** Whether the registration happens without asking the user (conditional create). */
  automatic: boolean;
  /** The user handle of a registration in base64url; otherwise empty. */
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
 * Creates a self-contained challenge: random bytes, the content to remember, and a MAC over both and the binding. Requesting options
 * therefore writes nothing, and a flood of requests can't fill a table. It has 32 random bytes (WebAuthn Level 3, section 13.4.3, asks
 * for 16).
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

/** Reads the content of a challenge from {@link createChallenge}; null if it is forged, bound to something else, or expired. */
export function openChallenge(
  ring: KeyRing,
  binding: ChallengeBinding,
  challenge: string,
  now: number,
): ChallengeContent | null {
  const bytes = Buffer.from(challenge, 'base64url');
  // Only accept the original encoding: two encodings of the same challenge would count as two challenges.
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
