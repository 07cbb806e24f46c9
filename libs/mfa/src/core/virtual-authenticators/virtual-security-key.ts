import { randomBytes } from 'node:crypto';

import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/server';

import type { AssertionParts, CeremonyParts, RegistrationParts } from './ceremony-answers.js';
import { FLAGS, assertionAnswer, registrationAnswer } from './ceremony-answers.js';
import type { KeyPair } from './key-pair.js';
import { coseKey, newKeyPair } from './key-pair.js';

/** The properties of the key, and the page it is used on. */
export interface SecurityKeySettings {
  /** The origin of the page, one of the option `webauthn.origins`. Default: `https://` and the relying party's id. */
  origin?: string;
  /** Whether it verifies its user, by PIN or fingerprint. Default: true. */
  userVerification?: boolean;
  /** Whether it can be synced to other devices, like passkeys on phones. Default: false. */
  backupEligible?: boolean;
  /** Whether it is currently synced. Default: false. */
  backedUp?: boolean;
  /** Whether it is discoverable, as signing in with a passkey alone requires. Default: true. */
  discoverable?: boolean;
  /** The signature counter before its first use. Each use adds one. Default: 0. */
  signCount?: number;
  /** The model. Default: none. */
  aaguid?: string;
  transports?: readonly string[];
  /** Default: a new one. */
  credentialId?: Buffer;
  /** Default: a new one for ES256. */
  keyPair?: KeyPair;
}

type CreationOptions = Pick<PublicKeyCredentialCreationOptionsJSON, 'challenge' | 'rp' | 'user'> &
  Pick<Partial<PublicKeyCredentialCreationOptionsJSON>, 'excludeCredentials' | 'authenticatorSelection'>;

/**
 * A security key or passkey in software, including the browser around it: it responds to the ceremonies of WebAuthn Level 3
 * like a real one. It holds one credential and provides no attestation.
 */
export class VirtualSecurityKey {
  readonly credentialId: Buffer;
  /** The signature counter. Set it back to simulate a copy of the key. */
  signCount: number;
  /** The user handle it was registered with; empty before. */
  userHandle = '';
  protected readonly keyPair: KeyPair;

  constructor(readonly settings: SecurityKeySettings = {}) {
    this.credentialId = settings.credentialId ?? randomBytes(32);
    this.signCount = settings.signCount ?? 0;
    this.keyPair = settings.keyPair ?? newKeyPair();
  }

  /**
   * Returns what `navigator.credentials.create()` returns for these options, as JSON: the `credential` of `POST /mfa/webauthn`.
   *
   * @throws {Error} when a browser would, for example if the key is registered already
   */
  create(options: CreationOptions): RegistrationResponseJSON {
    const id = this.credentialId.toString('base64url');
    if (options.excludeCredentials?.some((one) => one.id === id)) {
      throw new Error('InvalidStateError: the options exclude this key, since it is registered already');
    }
    const { residentKey, userVerification } = options.authenticatorSelection ?? {};
    this.assertCanVerify(userVerification);
    if (residentKey === 'required' && !this.isDiscoverable) {
      throw new Error(
        'NotAllowedError: the options require a discoverable credential, and this key creates none',
      );
    }
    return registrationAnswer(this.registration(options));
  }

  /**
   * Returns what `navigator.credentials.get()` returns for these options, as JSON: the `credential` of
   * `POST /mfa/authenticate/webauthn` and `POST /mfa/passkey`.
   *
   * @throws {Error} when a browser would, for example if the options are for other keys
   */
  get(options: PublicKeyCredentialRequestOptionsJSON): AuthenticationResponseJSON {
    const id = this.credentialId.toString('base64url');
    const allowed = options.allowCredentials ?? [];
    if (allowed.length > 0 && !allowed.some((one) => one.id === id)) {
      throw new Error('NotAllowedError: the options are for other keys');
    }
    if (allowed.length === 0 && !this.isDiscoverable) {
      throw new Error('NotAllowedError: the options name no key, and this one is not discoverable');
    }
    this.assertCanVerify(options.userVerification);
    return assertionAnswer(this.assertion(options));
  }

  /** The parts of its response at registration. */
  protected registration({
    challenge,
    rp,
    user,
  }: Omit<CreationOptions, 'excludeCredentials'>): RegistrationParts {
    this.userHandle = user.id;
    return {
      ...this.parts('webauthn.create', challenge, rp.id ?? ''),
      aaguid: this.settings.aaguid ?? '00000000-0000-0000-0000-000000000000',
      cose: coseKey(this.keyPair.publicKey),
      isDiscoverable: this.isDiscoverable,
      transports: this.settings.transports ?? ['usb'],
    };
  }

  /** The parts of its response at each use. */
  protected assertion({ challenge, rpId = '' }: { challenge: string; rpId?: string }): AssertionParts {
    this.signCount += 1;
    return {
      ...this.parts('webauthn.get', challenge, rpId),
      userHandle: this.isDiscoverable ? this.userHandle : null,
    };
  }

  private get isDiscoverable(): boolean {
    return this.settings.discoverable ?? true;
  }

  private assertCanVerify(wanted: string | undefined): void {
    if (wanted === 'required' && this.settings.userVerification === false) {
      throw new Error(
        'NotAllowedError: the options require user verification, which this key is set not to perform',
      );
    }
  }

  private parts(type: string, challenge: string, rpId: string): CeremonyParts {
    const { origin, userVerification, backupEligible, backedUp } = this.settings;
    return {
      clientData: { type, challenge, origin: origin ?? `https://${rpId}`, crossOrigin: false },
      rpId,
      flags:
        FLAGS.userPresent |
        ((userVerification ?? true) ? FLAGS.userVerified : 0) |
        (backupEligible ? FLAGS.backupEligible : 0) |
        (backedUp ? FLAGS.backedUp : 0),
      signCount: this.signCount,
      credentialId: this.credentialId,
      privateKey: this.keyPair.privateKey,
    };
  }
}
