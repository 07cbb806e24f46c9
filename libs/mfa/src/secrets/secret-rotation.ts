import { Inject, Injectable, Logger } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaEncryptionContext } from '../core/crypto/envelope.js';
import type { KeyRing } from '../core/crypto/key-ring.js';
import { MFA_KEY_RING } from '../core/crypto/key-ring.js';
import { messageOf } from '../core/errors/message-of.js';
import { MfaException } from '../core/errors/mfa-exception.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import type { Renewed } from './encrypted-rows.js';
import { EncryptedRows, isUnderOther } from './encrypted-rows.js';
import { KeyStore } from '../engine/keys/key-store.js';
import { KeyWrapper } from '../engine/keys/key-wrapper.js';
import { SecretRegistry } from './secret-registry.js';
import type { SecretRow, SecretTable } from '../engine/keys/secret-table.js';
import { encryptedOf, envelopeContext } from '../engine/keys/secret-table.js';
import { SecretTables, idOf } from './secret-tables.js';
import { VISIBLE_KEY_PREFIX } from '../engine/keys/visible-keys.js';

export interface MfaRotationOptions {
  /** Rows per transaction, 1 to 10000. Default: 500. */
  batchSize?: number;
  /** Called after each batch. */
  onProgress?: (progress: MfaRotationProgress) => void;
}

export interface MfaRotationProgress {
  /** Rows processed so far. */
  done: number;
  /** Rows that were under another secret at the start. */
  total: number;
}

export interface MfaRotationResult {
  /** Rows that are now under the current secret. Sessions and trusted browsers are rotated too, but not counted. */
  rotated: number;
  /**
   * Rows that no configured secret can decrypt, whose seal is invalid, or that the adapter's `decrypt()` would not open
   * again after its `encrypt()`. They are left unchanged.
   */
  unreadable: number;
}

const MAX_BATCH = 10_000;

/**
 * Re-encrypts and re-seals everything under the first secret. Safe to run while serving requests, and repeatedly: rows
 * that change meanwhile are retried, and finished rows are skipped.
 */
@Injectable()
export class SecretRotation {
  private readonly logger = new Logger(SecretRotation.name);

  constructor(
    @Inject(EncryptedRows) private readonly rows: EncryptedRows,
    @Inject(SecretTables) private readonly tables: SecretTables,
    @Inject(KeyStore) private readonly keys: KeyStore,
    @Inject(KeyWrapper) private readonly wrapper: KeyWrapper,
    @Inject(SecretRegistry) private readonly registry: SecretRegistry,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_KEY_RING) private readonly keyRing: KeyRing,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /** @throws {RangeError} when `batchSize` is outside 1 to 10000 */
  async rotate({ batchSize = 500, onProgress }: MfaRotationOptions = {}): Promise<MfaRotationResult> {
    if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > MAX_BATCH) {
      throw new RangeError(`\`batchSize\` must be a whole number from 1 to ${MAX_BATCH}`);
    }
    const { id: keyId } = this.keyRing.current('encryption');
    const total = await this.rows.countUnderOthers(keyId);
    const result: MfaRotationResult = { rotated: 0, unreadable: 0 };
    let done = 0;
    for (const table of this.tables.all) {
      let after: unknown;
      for (;;) {
        const batch = await this.rows.findUnderOthers(table, keyId, after, batchSize);
        const last = batch.at(-1);
        if (!last) break;
        after = idOf(table, last);
        await this.renewAll(table, batch, keyId, result);
        if (!table.isMissed) continue;
        done += batch.length;
        onProgress?.({ done, total });
      }
    }
    await this.rotateKeys(result);
    await this.registry.forgetUnused();
    return result;
  }

  /** Rotates rows, retrying those that changed meanwhile: any left behind would keep the old secret in use. */
  private async renewAll(
    table: SecretTable,
    batch: readonly SecretRow[],
    keyId: string,
    result: MfaRotationResult,
  ): Promise<void> {
    let rows = batch;
    while (rows.length > 0) {
      const renewed: { row: SecretRow; next: Renewed }[] = [];
      for (const row of rows) {
        const next = await this.renew(table, row, keyId);
        if (next) renewed.push({ row, next });
        else if (table.isMissed) result.unreadable += 1;
      }
      const outcome = await this.storage.commit(
        renewed.map(({ row, next }) => this.rows.planReplacement(table, row, next)),
      );
      const affected = outcome.committed ? outcome.affected : [];
      if (table.isMissed) result.rotated += affected.reduce((sum, count) => sum + count, 0);
      const behind = renewed.filter((_, index) => affected[index] === 0).map(({ row }) => idOf(table, row));
      rows = behind.length > 0 ? await this.rows.findStillUnderOthers(table, keyId, behind) : [];
    }
  }

  /** The row's envelopes and seal under the current secret; null if it can't be read or was tampered with. */
  private async renew(table: SecretTable, row: SecretRow, keyId: string): Promise<Renewed | null> {
    const { seals } = table;
    try {
      // Re-sealing a tampered row would make it valid.
      if (seals && !seals.hold(this.keyRing, row)) throw new Error('its seal is invalid');
      const next: Renewed = {};
      for (const [column, data] of encryptedOf(table, row)) {
        if (isUnderOther(data, keyId))
          next[column] = await this.encryptAnew(data, envelopeContext(table, row, column));
      }
      return seals ? { ...next, seal: seals.make(this.keyRing, { ...row, ...next }) } : next;
    } catch (error) {
      if (table.isMissed) {
        const reason = messageOf(error);
        this.logger.warn(`The data of ${String(idOf(table, row))} can't be read: ${reason}`);
      }
      return null;
    }
  }

  /** Decrypts what it encrypted, before it replaces what still opens. */
  private async encryptAnew(data: string, context: MfaEncryptionContext): Promise<string> {
    const text = await this.adapter.decrypt(data, context);
    const next = await this.adapter.encrypt(text, context);
    if ((await this.adapter.decrypt(next, context)) === text) return next;
    throw new Error("the adapter's decrypt() does not reverse its encrypt()");
  }

  /** Hands keys from before the adapter had its own encryption over to the adapter. */
  private async rotateKeys(result: MfaRotationResult): Promise<void> {
    for (const key of await this.keys.list()) {
      // Keys of publicly visible values are dropped along with their secret.
      if (key.id.startsWith(VISIBLE_KEY_PREFIX) && !this.wrapper.hasOwnEncryption) continue;
      try {
        const next = await this.wrapper.renew(key);
        if (next !== null) await this.keys.replace(key, next);
      } catch (error) {
        if (error instanceof MfaException) throw error;
        result.unreadable += 1;
        this.logger.warn(`The key ${key.id} can't be read: ${messageOf(error)}`);
      }
    }
  }
}
