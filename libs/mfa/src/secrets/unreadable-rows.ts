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
 * `good`: a configured secret decrypts it and its seal is valid; `strange_seal`: decrypts too, but was sealed with a
 * secret that isn't configured, so it is unknown whether the row was changed; `unreadable`: anything else.
 */
export type RowState = 'good' | 'strange_seal' | 'unreadable';

const BATCH = 500;

/** Distinguishes usable rows from those that no configured secret can decrypt. */
@Injectable()
export class UnreadableRows {
  constructor(
    @Inject(EncryptedRows) private readonly rows: EncryptedRows,
    @Inject(MFA_KEY_RING) private readonly keyRing: KeyRing,
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
  ) {}

  /** @throws what the adapter throws other than {@link MfaEnvelopeError}: if a key service is down, nothing is lost */
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

  /** Replaces the row's seal with one under the current secret. */
  planSeal(table: SecretTable, row: SecretRow): Write {
    return this.rows.planReplacement(table, row, { seal: table.seals?.make(this.keyRing, row) ?? null });
  }

  /** The user's rows in the table. */
  async of(table: SecretTable, userId: string): Promise<SecretRow[]> {
    return this.rows.findOf(table, userId);
  }

  planRemoval(table: SecretTable, row: SecretRow): Write {
    return this.rows.planRemoval(table, row);
  }

  /** All rows of the table, in batches. Rows may be changed or removed during the iteration. */
  async *all(table: SecretTable): AsyncGenerator<SecretRow> {
    for (let after: unknown; ;) {
      const batch = await this.rows.findAll(table, after, BATCH);
      yield* batch;
      const last = batch.at(-1);
      if (!last) return;
      after = idOf(table, last);
    }
  }

  /** Data that isn't in one of our envelopes was encrypted by the adapter, so it doesn't depend on our secrets. */
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
