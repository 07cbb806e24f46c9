import { Inject, Injectable, Logger } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import { open, seal } from '../crypto/envelope.js';
import type { KeyRing } from '../crypto/key-ring.js';
import { MFA_KEY_RING } from '../crypto/key-ring-token.js';
import type { Write } from '../storage/mfa-storage.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import type { EncryptedRow } from './encrypted-rows.js';
import { ENCRYPTED_ENTITIES, EncryptedRows } from './encrypted-rows.js';
import { KeyStore } from './key-store.js';
import { SecretRegistry } from './secret-registry.js';

export interface RotationOptions {
  /** Rows in a transaction, 1 to 10000. Default: 500. */
  batchSize?: number;
  /** Called after each batch. */
  onProgress?: (progress: RotationProgress) => void;
}

export interface RotationProgress {
  /** Rows looked at so far. */
  done: number;
  /** Rows that were under another secret when it began. */
  total: number;
}

export interface RotationResult {
  /** Rows that are under the current secret now. */
  rotated: number;
  /** Rows that no configured secret opens; they are left as they are. */
  unreadable: number;
}

const MAX_BATCH = 10_000;

/**
 * Encrypts everything anew under the first secret. Safe while serving, and to run again: a row that changes meanwhile is left
 * to whoever changed it, and one that is done is not looked at twice.
 */
@Injectable()
export class SecretRotation {
  private readonly logger = new Logger(SecretRotation.name);

  constructor(
    @Inject(EncryptedRows) private readonly rows: EncryptedRows,
    @Inject(KeyStore) private readonly keys: KeyStore,
    @Inject(SecretRegistry) private readonly registry: SecretRegistry,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_KEY_RING) private readonly keyRing: KeyRing,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /** @throws {RangeError} when `batchSize` is not 1 to 10000 */
  async rotate({ batchSize = 500, onProgress }: RotationOptions = {}): Promise<RotationResult> {
    if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > MAX_BATCH) {
      throw new RangeError(`A batch has 1 to ${MAX_BATCH} rows`);
    }
    const { id: keyId } = this.keyRing.current('encryption');
    const total = await this.rows.countUnderOthers(keyId);
    const result: RotationResult = { rotated: 0, unreadable: 0 };
    let done = 0;
    for (const entity of ENCRYPTED_ENTITIES) {
      let after = '';
      for (;;) {
        const batch = await this.rows.findUnderOthers(entity, keyId, after, batchSize);
        const last = batch.at(-1);
        if (!last) break;
        after = last.id;
        const writes: Write[] = [];
        for (const row of batch) {
          const next = await this.encryptAnew(row);
          if (next === null) result.unreadable += 1;
          else writes.push(this.rows.planReplacement(entity, row, next));
        }
        const outcome = await this.storage.commit(writes);
        if (outcome.committed) result.rotated += outcome.affected.reduce((sum, count) => sum + count, 0);
        done += batch.length;
        onProgress?.({ done, total });
      }
    }
    await this.rotateKeys(keyId);
    await this.registry.forgetUnused();
    return result;
  }

  private async encryptAnew({ id, userId, data }: EncryptedRow): Promise<string | null> {
    const context = { purpose: 'totp', userId, recordId: id };
    try {
      return await this.adapter.encrypt(await this.adapter.decrypt(data, context), context);
    } catch (error) {
      this.logger.warn(`The data of ${id} can't be read: ${error instanceof Error ? error.message : ''}`);
      return null;
    }
  }

  private async rotateKeys(keyId: string): Promise<void> {
    for (const key of await this.keys.list()) {
      if (key.data === '' || key.data.split('.')[1] === keyId) continue;
      const context = { purpose: 'key', userId: '', recordId: key.id };
      const next = seal(this.keyRing, open(this.keyRing, key.data, context), context);
      await this.storage.commit([this.keys.planReplacement(key, next)]);
    }
  }
}
