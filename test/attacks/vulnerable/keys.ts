import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

import {
  decodeAttestationObject,
  decodeCredentialPublicKey,
  parseAuthenticatorData,
  verifySignature,
} from '@simplewebauthn/server/helpers';

import { Refusal } from './refusal.js';
import { A_MOMENT } from './state.js';
import type { Authenticator, Challenge, Session, State, User } from './state.js';

const RP_ID = 'example.com';
export const ORIGIN = 'https://app.example.com';
const ES256 = -7;
/** Failing proofs of one sign-in. */
const MOST_FAILURES = 10;
const CHALLENGE_MS = 300_000;

type Json = Record<string, unknown>;

/** Security keys and passkeys: challenges, registrations and proofs, each check a line. */
export class Keys {
  constructor(private readonly state: State) {}

  options(ceremony: Challenge['ceremony'], session: Pick<Session, 'id' | 'userId'>): Json {
    if (ceremony === 'proof') this.assertTriesLeft(session);
    const challenge = randomBytes(32).toString('base64url');
    this.state.challenges.set(challenge, {
      ceremony,
      sessionId: session.id,
      userId: session.userId,
      since: this.state.now,
    });
    if (ceremony === 'proof') return { challenge, rpId: RP_ID, userVerification: 'preferred' };
    return {
      challenge,
      rp: { id: RP_ID, name: 'Example' },
      user: {
        id: Buffer.from(session.userId).toString('base64url'),
        name: 'somebody',
        displayName: 'Somebody',
      },
      pubKeyCredParams: [{ type: 'public-key', alg: ES256 }],
    };
  }

  /** The first key of a new user, which stands for two factors. */
  async signUp(
    user: User,
    stranger: Pick<Session, 'id' | 'userId'>,
    credential: Json,
    headers: Json,
  ): Promise<Authenticator> {
    const { attestationObject } = credential['response'] as Json;
    const { flags } = parseAuthenticatorData(
      decodeAttestationObject(bytesOf(attestationObject)).get('authData'),
    );
    if (!flags.uv && !this.state.has('signs-up-unverified')) throw new Refusal(400, 'webauthn_failed');
    return this.register(user, stranger, credential, headers);
  }

  async register(
    user: User,
    session: Pick<Session, 'id' | 'userId'>,
    credential: Json,
    headers: Json,
  ): Promise<Authenticator> {
    const { state } = this;
    await this.check(credential, 'registration', session, headers);
    const response = credential['response'] as Json;
    const attestation = decodeAttestationObject(bytesOf(response['attestationObject']));
    const parsed = parseAuthenticatorData(attestation.get('authData'));
    this.checkData(parsed);
    const { credentialPublicKey: publicKey, credentialID } = parsed;
    if (!publicKey || !credentialID) throw new Refusal(400, 'webauthn_failed');
    const algorithm = Number(decodeCredentialPublicKey(publicKey).get(3));
    if (algorithm !== ES256 && !state.has('any-algorithm')) throw new Refusal(400, 'webauthn_failed');
    const credentialId = Buffer.from(credentialID).toString('base64url');
    const [owner, known] = this.find(credentialId) ?? [];
    if (owner && !state.has('overwrites-keys')) throw new Refusal(409, 'credential_already_registered');
    if (owner) owner.authenticators = owner.authenticators.filter((one) => one !== known);
    const [signCount, canBeSynced] = [parsed.counter, parsed.flags.be];
    return state.addAuthenticator(user, {
      type: 'webauthn',
      credentialId,
      publicKey,
      signCount,
      canBeSynced,
    });
  }

  /** @param session null where the key alone says who it is */
  async prove(session: Session | null, credential: Json, headers: Json): Promise<User> {
    const { state } = this;
    if (session) this.assertTriesLeft(session);
    try {
      await this.check(credential, 'proof', session ?? { id: 'anybody', userId: '' }, headers);
      const [owner, key] = this.find(String(credential['id'])) ?? [];
      if (!owner || !key) throw new Refusal(400, 'webauthn_failed');
      if (session && owner.id !== session.userId && !state.has('any-key'))
        throw new Refusal(400, 'webauthn_failed');
      const response = credential['response'] as Json;
      const handle = Buffer.from(bytesOf(response['userHandle'] ?? '')).toString();
      if (!session && handle !== owner.id && !state.has('user-from-handle'))
        throw new Refusal(400, 'webauthn_failed');
      await this.checkProof(key, response, session === null);
      if (session) return state.users.get(session.userId) ?? owner;
      return (state.has('user-from-handle') && state.users.get(handle)) || owner;
    } catch (error) {
      if (session) session.failedCeremonies += 1;
      throw error;
    }
  }

  private async checkProof(key: Authenticator, response: Json, isAlone: boolean): Promise<void> {
    const { state } = this;
    const authData = bytesOf(response['authenticatorData']);
    const parsed = parseAuthenticatorData(authData);
    this.checkData(parsed);
    if (parsed.flags.be !== key.canBeSynced && !state.has('any-eligibility'))
      throw new Refusal(400, 'webauthn_failed');
    if (isAlone && !parsed.flags.uv && !state.has('no-verification'))
      throw new Refusal(400, 'webauthn_failed');
    const hash = createHash('sha256').update(bytesOf(response['clientDataJSON'])).digest();
    const data = Uint8Array.from(Buffer.concat([authData, hash]));
    const signed = { signature: bytesOf(response['signature']), data, credentialPublicKey: key.publicKey };
    if (!state.has('no-signature') && !(await verifySignature(signed)))
      throw new Refusal(400, 'webauthn_failed');
    const counts = parsed.counter > 0 || key.signCount > 0;
    if (counts && parsed.counter <= key.signCount && !state.has('no-counter'))
      throw new Refusal(400, 'webauthn_failed');
    key.signCount = parsed.counter;
  }

  private checkData({ rpIdHash, flags }: { rpIdHash: Uint8Array; flags: { up: boolean } }): void {
    const { state } = this;
    const isHere = createHash('sha256').update(RP_ID).digest().equals(rpIdHash);
    if (!isHere && !state.has('any-relying-party')) throw new Refusal(400, 'webauthn_failed');
    if (!flags.up && !state.has('no-presence')) throw new Refusal(400, 'webauthn_failed');
  }

  /** What the browser wrote down. The challenge is used with that. */
  private async check(
    credential: Json,
    ceremony: Challenge['ceremony'],
    session: Pick<Session, 'id' | 'userId'>,
    headers: Json,
  ): Promise<void> {
    const { state } = this;
    const response = credential['response'] as Json;
    const client = JSON.parse(Buffer.from(bytesOf(response['clientDataJSON'])).toString()) as Json;
    const wanted = ceremony === 'proof' ? 'webauthn.get' : 'webauthn.create';
    if (client['type'] !== wanted && !state.has('any-type')) throw new Refusal(400, 'webauthn_failed');
    if (!this.isOrigin(String(client['origin']), client['crossOrigin'] === true, headers))
      throw new Refusal(400, 'webauthn_failed');
    const known = state.challenges.get(String(client['challenge']));
    if (!known && !state.has('any-challenge')) throw new Refusal(400, 'webauthn_failed');
    if (known && known.since < state.now - CHALLENGE_MS && !state.has('challenges-never-end'))
      throw new Refusal(400, 'webauthn_failed');
    if (known && known.ceremony !== ceremony && !state.has('challenge-of-any-ceremony'))
      throw new Refusal(400, 'webauthn_failed');
    const isOwn =
      known?.userId === session.userId && (ceremony === 'proof' || known.sessionId === session.id);
    if (known && !isOwn && !state.has('challenge-of-anybody')) throw new Refusal(400, 'webauthn_failed');
    if (state.has('claims-challenge-late')) await pause(A_MOMENT);
    if (!state.has('keeps-challenges')) state.challenges.delete(String(client['challenge']));
  }

  private isOrigin(origin: string, isFramed: boolean, headers: Json): boolean {
    const { state } = this;
    if (state.has('any-origin')) return true;
    if (isFramed) return false;
    if (state.has('looks-alike')) return origin.startsWith(ORIGIN);
    const host = headers['x-forwarded-host'];
    if (state.has('origin-from-header') && typeof host === 'string') return origin === `https://${host}`;
    return origin === ORIGIN;
  }

  private find(credentialId: string): [User, Authenticator] | null {
    for (const user of this.state.users.values()) {
      const key = user.authenticators.find((one) => one.credentialId === credentialId);
      if (key) return [user, key];
    }
    return null;
  }

  private assertTriesLeft(session: Partial<Session>): void {
    if (this.state.has('ceremonies-without-end')) return;
    if ((session.failedCeremonies ?? 0) >= MOST_FAILURES) throw new Refusal(429, 'too_many_attempts');
  }
}

function bytesOf(value: unknown): Uint8Array<ArrayBuffer> {
  if (typeof value !== 'string') throw new Refusal(400, 'invalid_request');
  return Uint8Array.from(Buffer.from(value, 'base64url'));
}
