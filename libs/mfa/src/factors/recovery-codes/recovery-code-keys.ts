import { Inject, Injectable, Logger } from '@nestjs/common';

import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import { MfaEnvelopeError } from '../../core/crypto/envelope.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { PLAN_CLAIM } from '../../engine/changes/factor-change.js';
import { KeyStore } from '../../engine/keys/key-store.js';
import { KeyServiceError, KeyWrapper } from '../../engine/keys/key-wrapper.js';
import type { MfaStoredKey } from '../../engine/keys/stored-key.entity.js';
import { Authenticator } from '../../engine/rows/authenticator.entity.js';
import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { RecoveryCode } from './recovery-code.entity.js';

/** The ID of the first key. The IDs of later keys append the time of their creation. */
export const FIRST_KEY_ID = 'recovery-codes';
const PREFIX = `${FIRST_KEY_ID}:`;
const KEY_ID = new RegExp(`^${FIRST_KEY_ID}(:\\d{1,15})?$`);

/** The claim that fails if another instance has replaced the key in the meantime. */
const REPLACEMENT_CLAIM = 'recovery-code-key';

/** Thrown when a key that recovery codes depend on is missing or unreadable, so that no code can be verified. */
export class LostRecoveryCodeKeyError extends Error {
  override readonly name = 'LostRecoveryCodeKeyError';

  constructor(id: string, cause?: unknown) {
    super(
      `The key of the recovery codes is missing or unreadable (row ${id} of the table mfa_key): restore the row and its secret, or run \`nestjs-mfa discard-unreadable\``,
      { cause },
    );
  }
}

/** The ID of the key that hashes a set's codes. A row of a set under the first key stores no ID. */
export function keyIdOf({ data }: Pick<Authenticator, 'data'>): string {
  return data || FIRST_KEY_ID;
}

/** What the row of a set under this key stores. */
export function dataOf(keyId: string): string {
  return keyId === FIRST_KEY_ID ? '' : keyId;
}

/** The key for new sets. */
export interface CurrentKey {
  id: string;
  key: Buffer;
  /** Committed with the set, to claim that the key is still the current one. If it is lost, the set is planned again. */
  claim: Write;
}

/**
 * The random keys that hash recovery codes, stored wrapped. Codes can't be rehashed, since only their hashes are stored. A set therefore
 * stays under its key, and a new key only applies to new sets. The newest key is the current one. Its ID says when it was created, and
 * each key is bound to its ID, so that no earlier key can be passed off as a newer one. Whoever can write to the table can still delete
 * newer keys, and thereby bring back an earlier one whose row still exists.
 */
@Injectable()
export class RecoveryCodeKeys {
  private readonly logger = new Logger(RecoveryCodeKeys.name);
  private readonly opened = new Map<string, Promise<Buffer>>();
  private hasCurrent = false;

  constructor(
    @Inject(KeyStore) private readonly store: KeyStore,
    @Inject(KeyWrapper) private readonly wrapper: KeyWrapper,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * The key for a new set. It is looked up each time, since another instance may have replaced it.
   *
   * @throws {MfaException} `cannot_generate_recovery_codes` if the key is lost; `storage_unavailable`, also if the application's key
   *   service can't be reached
   */
  async current(): Promise<CurrentKey> {
    try {
      const { id, key } = await this.findCurrent();
      return { id, key, claim: this.store.planUse(id, PLAN_CLAIM) };
    } catch (error) {
      if (error instanceof LostRecoveryCodeKeyError)
        throw new MfaException('cannot_generate_recovery_codes', {}, { cause: error });
      throw unavailableWhenAway(error);
    }
  }

  /**
   * Finds a key by ID. Once unwrapped it stays in memory; a key that this instance hasn't seen yet is looked up.
   *
   * @throws {LostRecoveryCodeKeyError}
   * @throws {KeyServiceError}
   */
  find(id: string): Promise<Buffer> {
    return this.open(id, () => this.store.find(id));
  }

  /**
   * Whether codes under this key can't be verified any more, which is logged. Other factors keep working.
   *
   * @throws {KeyServiceError}
   */
  async isLost(id: string): Promise<boolean> {
    return this.asLost(() => this.find(id));
  }

  /**
   * Whether no new set can be created because the current key is lost. A key that was found once isn't looked up again.
   *
   * @throws {MfaException} `storage_unavailable`, also if the application's key service can't be reached
   */
  async isCurrentLost(): Promise<boolean> {
    if (this.hasCurrent) return false;
    try {
      return await this.asLost(() => this.findCurrent());
    } catch (error) {
      throw unavailableWhenAway(error);
    }
  }

  /** The state of the current key, without creating one. `none`: there is no key yet, and no code that needs one. */
  async examine(): Promise<'readable' | 'lost' | 'none'> {
    if ((await this.list()).length === 0 && !(await this.hasCodes())) return 'none';
    return (await this.asLost(() => this.findCurrent())) ? 'lost' : 'readable';
  }

  /** Unwraps all keys before the first request needs one. Errors are logged and don't stop the boot, since the other factors work. */
  async preload(): Promise<void> {
    try {
      await this.examine();
      for (const { id } of await this.list()) await this.isLost(id);
    } catch (error) {
      if (!(error instanceof KeyServiceError)) throw error;
    }
  }

  /**
   * Creates a new key for new sets. Once committed, no set can use the former key any more; existing sets keep theirs.
   *
   * @returns the statements; their claim is lost if the key was replaced in the meantime
   */
  async planReplacement(): Promise<{ id: string; writes: Write[] }> {
    const former = newest(await this.list()) ?? (await this.makeFirst());
    const now = this.clock.now();
    // Keep it newer than the former key, even if clocks differ.
    const id = `${PREFIX}${Math.max(now, former ? madeAt(former) + 1 : 0)}`;
    const data = await this.wrapper.create(id);
    return {
      id,
      writes: [
        ...(former?.retiredAt === null
          ? [this.store.planRetirement(former.id, new Date(now), REPLACEMENT_CLAIM)]
          : []),
        this.store.planAddition(id, data, REPLACEMENT_CLAIM),
      ],
    };
  }

  /**
   * Deletes former keys without usable codes. No set can start to use one meanwhile, since creating a set claims that its key is the
   * current one.
   *
   * @returns how many keys were deleted
   */
  async removeUnused(): Promise<number> {
    let removed = 0;
    for (const { id, retiredAt } of await this.list()) {
      if (retiredAt === null) continue;
      const sets = this.storage.dataSource
        .createQueryBuilder(Authenticator, 'a')
        .select('1')
        .where('a.type = :type AND a.remaining > 0 AND a.data = :data', {
          type: 'recovery_codes',
          data: dataOf(id),
        });
      removed += await this.storage.write(this.store.planRemovalUnless(id, sets));
    }
    return removed;
  }

  /** Counts the sets with unused codes under former keys. */
  async countFormerSets(): Promise<number> {
    const current = newest(await this.list());
    if (!current) return 0;
    return this.storage.read((reader) =>
      reader
        .createQueryBuilder(Authenticator, 'a')
        .where('a.type = :type AND a.remaining > 0 AND a.data <> :data', {
          type: 'recovery_codes',
          data: dataOf(current.id),
        })
        .getCount(),
    );
  }

  private async findCurrent(): Promise<{ id: string; key: Buffer }> {
    this.hasCurrent = false;
    const row = newest(await this.list()) ?? (await this.makeFirst());
    // If the newest key is retired, its successor's row is missing.
    if (!row || row.retiredAt !== null) throw new LostRecoveryCodeKeyError(row?.id ?? FIRST_KEY_ID);
    // Uses the data already read. If the key was replaced or deleted since, the claim fails.
    const key = await this.open(row.id, () => Promise.resolve(row.data));
    this.hasCurrent = true;
    return { id: row.id, key };
  }

  private open(id: string, read: () => Promise<string | null>): Promise<Buffer> {
    const known = this.opened.get(id) ?? this.load(id, read);
    this.opened.set(id, known);
    // Don't cache failures: the database or the row may come back.
    known.catch(() => this.opened.delete(id));
    return known;
  }

  private async load(id: string, read: () => Promise<string | null>): Promise<Buffer> {
    const data = await read();
    if (data === null) throw new LostRecoveryCodeKeyError(id);
    try {
      return Buffer.from(await this.wrapper.unwrap(id, data), 'base64url');
    } catch (error) {
      if (error instanceof MfaEnvelopeError) throw new LostRecoveryCodeKeyError(id, error);
      throw error;
    }
  }

  /** Creates the first key; null if codes exist, which a new key would silently invalidate for good. */
  private async makeFirst(): Promise<MfaStoredKey | null> {
    if (!(await this.hasCodes())) await this.store.add(FIRST_KEY_ID, await this.wrapper.create(FIRST_KEY_ID));
    // If two instances create it at once, both read the one that was stored.
    return newest(await this.list());
  }

  private async list(): Promise<MfaStoredKey[]> {
    return (await this.store.list()).filter(({ id }) => KEY_ID.test(id));
  }

  private async asLost(ask: () => Promise<unknown>): Promise<boolean> {
    try {
      await ask();
      return false;
    } catch (error) {
      if (!(error instanceof LostRecoveryCodeKeyError)) throw error;
      this.logger.error(error.message);
      return true;
    }
  }

  private async hasCodes(): Promise<boolean> {
    const row = await this.storage.read((reader) =>
      reader
        .createQueryBuilder(RecoveryCode, 'c')
        .select('c.userId', 'userId')
        .limit(1)
        .getRawOne<{ userId: string }>(),
    );
    return row !== undefined;
  }
}

/** Reports an unreachable key service to callers like an unreachable database. */
function unavailableWhenAway(error: unknown): unknown {
  return error instanceof KeyServiceError
    ? new MfaException('storage_unavailable', {}, { cause: error })
    : error;
}

/** Milliseconds since the epoch; 0 for the first key. */
function madeAt({ id }: Pick<MfaStoredKey, 'id'>): number {
  return id === FIRST_KEY_ID ? 0 : Number(id.slice(PREFIX.length));
}

function newest(keys: readonly MfaStoredKey[]): MfaStoredKey | null {
  return keys.reduce<MfaStoredKey | null>(
    (last, key) => (last && madeAt(last) > madeAt(key) ? last : key),
    null,
  );
}
