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

/** Where the first key is kept; each further one has the time at which it was made behind it. */
export const FIRST_KEY_ID = 'recovery-codes';
const PREFIX = `${FIRST_KEY_ID}:`;
const KEY_ID = new RegExp(`^${FIRST_KEY_ID}(:\\d{1,15})?$`);

/** The claim that is lost when another instance has replaced the key meanwhile. */
const REPLACEMENT_CLAIM = 'recovery-code-key';

/** A key of recovery codes is gone or can't be read, and codes hang on it: nobody can tell a right one. */
export class LostRecoveryCodeKeyError extends Error {
  override readonly name = 'LostRecoveryCodeKeyError';

  constructor(id: string, cause?: unknown) {
    super(
      `The key of the recovery codes is lost (row ${id} of the table mfa_key): put its row and its secret back, or run \`nestjs-mfa discard-unreadable\``,
      { cause },
    );
  }
}

/** The key that a set's codes are hashed under; its row keeps nothing under the first one. */
export function keyIdOf({ data }: Pick<Authenticator, 'data'>): string {
  return data || FIRST_KEY_ID;
}

/** What the row of a set under that key keeps. */
export function dataOf(keyId: string): string {
  return keyId === FIRST_KEY_ID ? '' : keyId;
}

/** The key that new sets are under. */
export interface CurrentKey {
  id: string;
  key: Buffer;
  /** Claims, with the set, that it is the current one still; lost, the set is planned anew. */
  claim: Write;
}

/**
 * The keys under which recovery codes are hashed: random, and kept wrapped. Hashes can't be made anew without the codes, which
 * nobody has; so a set stays under its key, and a new key is for new sets. The newest key is the current one: its id says when it
 * was made, and a key is bound to its id, so that no former one can be passed off as newer. Whoever can write to the table can still
 * remove the newer ones, and so bring a former one back for as long as its row is there.
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
   * The key for a new set. Which one it is is looked up each time: another instance may have replaced it.
   *
   * @throws {MfaException} `cannot_generate_recovery_codes` when it is lost, `storage_unavailable` also when the application's key
   *   service is away
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
   * The key of that id. Once it was opened it stays in memory; one that this instance has not seen yet is looked up.
   *
   * @throws {LostRecoveryCodeKeyError}
   * @throws {KeyServiceError}
   */
  find(id: string): Promise<Buffer> {
    return this.open(id, () => this.store.find(id));
  }

  /**
   * Whether nobody can verify the codes under that key any more; it is logged then. Other factors go on working.
   *
   * @throws {KeyServiceError}
   */
  async isLost(id: string): Promise<boolean> {
    return this.asLost(() => this.find(id));
  }

  /**
   * Whether there can be no new set, because the current key is lost; one that was opened once is not looked for again.
   *
   * @throws {MfaException} `storage_unavailable`, also when the application's key service is away
   */
  async isCurrentLost(): Promise<boolean> {
    if (this.hasCurrent) return false;
    try {
      return await this.asLost(() => this.findCurrent());
    } catch (error) {
      throw unavailableWhenAway(error);
    }
  }

  /** How the current key stands; makes none. `none`: there is none yet, and no code that needs one. */
  async examine(): Promise<'readable' | 'lost' | 'none'> {
    if ((await this.list()).length === 0 && !(await this.hasCodes())) return 'none';
    return (await this.asLost(() => this.findCurrent())) ? 'lost' : 'readable';
  }

  /** Opens all keys before the first request needs one. What fails is logged, and no reason not to boot: the other factors work. */
  async preload(): Promise<void> {
    try {
      await this.examine();
      for (const { id } of await this.list()) await this.isLost(id);
    } catch (error) {
      if (!(error instanceof KeyServiceError)) throw error;
    }
  }

  /**
   * A new key for new sets. With its commit no set can come under the former one any more; those that are stay.
   *
   * @returns the statements, of which a claim is lost when somebody else has replaced the key meanwhile
   */
  async planReplacement(): Promise<{ id: string; writes: Write[] }> {
    const former = newest(await this.list()) ?? (await this.makeFirst());
    const now = this.clock.now();
    // Newer than the former one, though clocks differ.
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
   * Removes former keys on which no code hangs that could still be used. No set can come under one of them meanwhile: whoever
   * makes one claims that its key is the current one.
   *
   * @returns how many
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

  /** How many sets with unused codes are under former keys. */
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
    // Another one has taken its place, and the row of that is gone.
    if (!row || row.retiredAt !== null) throw new LostRecoveryCodeKeyError(row?.id ?? FIRST_KEY_ID);
    // As it was read: by now it may be replaced and gone, which the claim finds out.
    const key = await this.open(row.id, () => Promise.resolve(row.data));
    this.hasCurrent = true;
    return { id: row.id, key };
  }

  private open(id: string, read: () => Promise<string | null>): Promise<Buffer> {
    const known = this.opened.get(id) ?? this.load(id, read);
    this.opened.set(id, known);
    // What did not answer, or was lost, is asked again: the database may be back, and the row too.
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

  /** The first key; null where there are codes: without a word, a new key would leave them wrong for ever. */
  private async makeFirst(): Promise<MfaStoredKey | null> {
    if (!(await this.hasCodes())) await this.store.add(FIRST_KEY_ID, await this.wrapper.create(FIRST_KEY_ID));
    // Of two instances that make it at once, both get the one that was stored.
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

/** What to throw: a key service that is away is, for whoever asks, as a database that is. */
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
