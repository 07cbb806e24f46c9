import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaEncryptionContext } from '../core/crypto/envelope.js';
import { MfaEnvelopeError, isEnvelope } from '../core/crypto/envelope.js';
import type { KeyRing } from '../core/crypto/key-ring.js';
import { MFA_KEY_RING } from '../core/crypto/key-ring.js';
import type { Write } from '../storage/mfa-storage.js';
import { EncryptedRows } from './encrypted-rows.js';
import type { SecretRow, SecretTable } from '../engine/keys/secret-table.js';
import { encryptedOf, envelopeContext } from '../engine/keys/secret-table.js';
import { idOf } from './secret-tables.js';

/**
 * `good`: a configured secret opens it, and its seal holds; `strange_seal`: the same, but it was sealed with a secret that is
 * not configured, so nobody knows whether the row was changed; `unreadable`: anything else.
 */
export type RowState = 'good' | 'strange_seal' | 'unreadable';

const BATCH = 500;

/** Tells rows that work from those that no configured secret opens. */
@Injectable()
export class UnreadableRows {
  constructor(
    @Inject(EncryptedRows) private readonly rows: EncryptedRows,
    @Inject(MFA_KEY_RING) private readonly keyRing: KeyRing,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /** @throws what the adapter throws besides {@link MfaEnvelopeError}: a key service that is away has lost nothing */
  async examine(table: SecretTable, row: SecretRow): Promise<RowState> {
    const { seals } = table;
    for (const [column, data] of encryptedOf(table, row)) {
      if (!(await this.opens(data, envelopeContext(table, row, column)))) return 'unreadable';
    }
    if (!seals || seals.hold(this.keyRing, row)) return 'good';
    const [keyId = ''] = (row.seal ?? '').split('.');
    const isStrange = keyId !== '' && this.keyRing.byId(keyId, 'seal') === undefined;
    return isStrange ? 'strange_seal' : 'unreadable';
  }

  /** A seal of the current secret in place of the one that the row has. */
  planSeal(table: SecretTable, row: SecretRow): Write {
    return this.rows.planReplacement(table, row, { seal: table.seals?.make(this.keyRing, row) ?? null });
  }

  /** The user's rows of the table. */
  async of(table: SecretTable, userId: string): Promise<SecretRow[]> {
    return this.rows.findOf(table, userId);
  }

  planRemoval(table: SecretTable, row: SecretRow): Write {
    return this.rows.planRemoval(table, row);
  }

  /** All rows of the table, a batch at a time, while they are changed or removed. */
  async *all(table: SecretTable): AsyncGenerator<SecretRow> {
    for (let after: unknown; ;) {
      const batch = await this.rows.findAll(table, after, BATCH);
      yield* batch;
      const last = batch.at(-1);
      if (!last) return;
      after = idOf(table, last);
    }
  }

  /** What is in no envelope of ours was encrypted by the adapter's own means: no secret of ours could be missing. */
  private async opens(data: string, context: MfaEncryptionContext): Promise<boolean> {
    if (!isEnvelope(data)) return true;
    try {
      await this.adapter.decrypt(data, context);
      return true;
    } catch (error) {
      if (error instanceof MfaEnvelopeError) return false;
      throw error;
    }
  }
}
