import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import type { KeyPair } from 'nestjs-mfa/testing';
import { SoftwareSecurityKey } from 'nestjs-mfa/testing';

import type { Cbor } from '../../libs/mfa/src/core/virtual-authenticators/cbor.js';
import type {
  Attest,
  CeremonyParts,
} from '../../libs/mfa/src/core/virtual-authenticators/ceremony-answers.js';
import {
  FLAGS,
  assertionAnswer,
  registrationAnswer,
} from '../../libs/mfa/src/core/virtual-authenticators/ceremony-answers.js';
import { newKeyPair } from '../../libs/mfa/src/core/virtual-authenticators/key-pair.js';

import { ORIGIN } from './test-app.js';

export type { Attest, Attestable } from '../../libs/mfa/src/core/virtual-authenticators/ceremony-answers.js';

// Server responses are untyped.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Options = any;

type Json = Record<string, unknown>;

/** What a hostile authenticator or browser changes in an honest response. */
export interface Tampering {
  type?: string;
  origin?: string;
  challenge?: string;
  clientData?: Record<string, unknown>;
  rpId?: string;
  userPresent?: boolean;
  userVerified?: boolean;
  backupEligible?: boolean;
  backedUp?: boolean;
  signCount?: number;
  userHandle?: string | null;
  aaguid?: string;
  /** Signs with an unregistered key. */
  wrongKey?: boolean;
  credentialId?: Buffer;
  /** Replaces fields of the finished JSON. */
  json?: Record<string, unknown>;
  response?: Record<string, unknown>;
  algorithm?: number;
  format?: string;
  /** Replaces entries of the COSE key. */
  cose?: Record<number, Cbor>;
  /** Creates the attestation statement and its format. */
  attest?: Attest;
}

/** The library's software security key, with full control over what it claims. */
export class SoftwareAuthenticator extends SoftwareSecurityKey {
  constructor(
    private readonly defaults: Tampering = {},
    credentialId?: Buffer,
    keyPair?: KeyPair,
  ) {
    super({ origin: ORIGIN, ...(credentialId ? { credentialId } : {}), ...(keyPair ? { keyPair } : {}) });
  }

  override create(options: Options, tampering: Tampering = {}): RegistrationResponseJSON & Json {
    const t = { ...this.defaults, ...tampering };
    // Some tests pass the options of another ceremony.
    const parts = this.registration({ rp: {}, user: { id: '' }, ...options });
    if (t.algorithm !== undefined) parts.cose.set(3, t.algorithm);
    for (const [label, value] of Object.entries(t.cose ?? {})) parts.cose.set(Number(label), value);
    const answer = registrationAnswer({
      ...parts,
      ...tampered(parts, t),
      ...(t.aaguid === undefined ? {} : { aaguid: t.aaguid }),
      attest: (signed) => {
        const made = t.attest?.(signed) ?? { format: 'none', statement: {} };
        return { ...made, format: t.format ?? made.format };
      },
    });
    return replaced(answer, t);
  }

  override get(options: Options, tampering: Tampering = {}): AuthenticationResponseJSON & Json {
    const t = { ...this.defaults, ...tampering };
    const parts = this.assertion(options);
    const answer = assertionAnswer({
      ...parts,
      ...tampered(parts, t),
      ...(t.userHandle === undefined ? {} : { userHandle: t.userHandle }),
      ...(t.wrongKey ? { privateKey: newKeyPair().privateKey } : {}),
    });
    return replaced(answer, t);
  }
}

function tampered(parts: CeremonyParts, t: Tampering): Partial<CeremonyParts> {
  const { type, challenge, origin } = t;
  const said = Object.entries({ type, challenge, origin }).filter(([, value]) => value !== undefined);
  return {
    clientData: { ...parts.clientData, ...Object.fromEntries(said), ...t.clientData },
    flags: flagsOf(parts.flags, t),
    ...(t.rpId === undefined ? {} : { rpId: t.rpId }),
    ...(t.signCount === undefined ? {} : { signCount: t.signCount }),
    ...(t.credentialId === undefined ? {} : { credentialId: t.credentialId }),
  };
}

/** The flags, with those that were tampered with set or cleared. */
function flagsOf(honest: number, t: Tampering): number {
  return (['userPresent', 'userVerified', 'backupEligible', 'backedUp'] as const).reduce((flags, name) => {
    const wanted = t[name];
    if (wanted === undefined) return flags;
    return wanted ? flags | FLAGS[name] : flags & ~FLAGS[name];
  }, honest);
}

function replaced<T extends { response: object }>(answer: T, { json, response }: Tampering): T & Json {
  return { ...answer, response: { ...answer.response, ...response }, ...json };
}
