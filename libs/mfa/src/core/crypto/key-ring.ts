import { hkdfSync } from 'node:crypto';

/** What a derived key is for. One key, one purpose (NIST SP 800-57 part 1, section 5.2). */
export type KeyPurpose = 'encryption' | 'challenge' | 'seal' | 'code';

interface Secret {
  id: string;
  keys: Record<KeyPurpose, Buffer>;
}

const PURPOSES: readonly KeyPurpose[] = ['encryption', 'challenge', 'seal', 'code'];

function derive(secret: string, label: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'nestjs-mfa/v1', label, bytes));
}

/**
 * The keys derived from the option `secret` with HKDF-SHA-256 (RFC 5869). The first secret writes, all of them read,
 * so that a secret can be replaced while old rows are still under the former one.
 */
export class KeyRing {
  private readonly secrets: Secret[];

  constructor(secrets: readonly string[]) {
    this.secrets = secrets.map((secret) => ({
      id: derive(secret, 'key-id', 6).toString('base64url'),
      keys: Object.fromEntries(PURPOSES.map((purpose) => [purpose, derive(secret, purpose, 32)])) as Record<
        KeyPurpose,
        Buffer
      >,
    }));
    if (this.secrets.length === 0) throw new Error('A key ring needs at least one secret');
  }

  /** The key that new data is written with, and its id. */
  current(purpose: KeyPurpose): { id: string; key: Buffer } {
    const [first] = this.secrets as [Secret];
    return { id: first.id, key: first.keys[purpose] };
  }

  /** The key of that id, or undefined when its secret is not on the ring (any more). */
  byId(id: string, purpose: KeyPurpose): Buffer | undefined {
    return this.secrets.find((secret) => secret.id === id)?.keys[purpose];
  }

  /** The keys of all secrets, the current one first. */
  all(purpose: KeyPurpose): Buffer[] {
    return this.secrets.map(({ keys }) => keys[purpose]);
  }
}

/** Injection token of the {@link KeyRing}. */
export const MFA_KEY_RING = Symbol.for('nestjs-mfa:KEY_RING');
