import type { OnApplicationBootstrap } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';

import type { KeyRing } from '../core/crypto/key-ring.js';
import { MFA_KEY_RING } from '../core/crypto/key-ring.js';
import { MfaOptionsError } from '../options/options-error.js';
import { FactorTables } from '../engine/authenticators/factor-tables.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { hasTables } from '../schema/migrations/missing-tables.js';
import type { RowsUnderSecret } from './encrypted-rows.js';
import { EncryptedRows } from './encrypted-rows.js';
import { KeyStore } from '../engine/keys/key-store.js';
import { isLostSecretPermitted } from './lost-secret-permit.js';
import { RecoveryCodeKeys } from '../factors/recovery-codes/recovery-code-keys.js';
import { SealAdoption } from './seal-adoption.js';
import { VISIBLE_KEY_PREFIX, VisibleKeys } from '../engine/keys/visible-keys.js';

const PREFIX = 'secret:';

/**
 * Remembers every secret ever used for writing, so that the boot can fail if one was removed too early: data encrypted
 * under it would otherwise be lost, one sign-in at a time.
 */
@Injectable()
export class SecretRegistry implements OnApplicationBootstrap {
  constructor(
    @Inject(KeyStore) private readonly keys: KeyStore,
    @Inject(FactorTables) private readonly factorTables: FactorTables,
    @Inject(EncryptedRows) private readonly rows: EncryptedRows,
    @Inject(SealAdoption) private readonly adoption: SealAdoption,
    @Inject(RecoveryCodeKeys) private readonly recoveryCodeKeys: RecoveryCodeKeys,
    @Inject(VisibleKeys) private readonly visibleKeys: VisibleKeys,
    @Inject(MfaStorage) private readonly storage: MfaStorage,
    @Inject(MFA_KEY_RING) private readonly keyRing: KeyRing,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    // If the application creates its tables after boot, there is nothing to lose yet.
    if (!(await hasTables(this.storage.dataSource, this.factorTables.all))) return;
    if (!isLostSecretPermitted()) await this.assertNothingLost();
    await this.keys.add(`${PREFIX}${this.keyRing.current('encryption').id}`, '');
    await this.adoption.run();
    // Loaded now, so that no request has to wait for them.
    await this.visibleKeys.preload();
    await this.recoveryCodeKeys.preload();
  }

  /** Forgets secrets that are no longer in use, so that they can be removed from the list. */
  async forgetUnused(): Promise<void> {
    const { id: current } = this.keyRing.current('encryption');
    for (const keyId of await this.known()) {
      if (keyId !== current && isNone(await this.rows.countUnder(keyId))) {
        await this.forget(keyId);
      }
    }
  }

  private async forget(keyId: string): Promise<void> {
    await this.keys.remove(`${PREFIX}${keyId}`);
    await this.keys.remove(`${VISIBLE_KEY_PREFIX}${keyId}`);
  }

  /**
   * @throws {MfaOptionsError} with the number of rows that are encrypted or sealed under a secret that isn't configured
   */
  private async assertNothingLost(): Promise<void> {
    for (const keyId of await this.known()) {
      if (this.keyRing.byId(keyId, 'encryption')) continue;
      const count = await this.rows.countUnder(keyId);
      if (!isNone(count)) {
        const { encrypted, sealed } = count;
        throw new MfaOptionsError([
          `\`secret\` lacks the secret of key id ${keyId}, under which ${encrypted} rows are encrypted and ${sealed} sealed: put it back at the end of the list, run \`nestjs-mfa rotate-secret\`, and then remove it. If it is lost for good, see \`nestjs-mfa discard-unreadable --dry-run\``,
        ]);
      }
      await this.forget(keyId);
    }
  }

  /** Key ids of secrets that instances write or have written with, and that this instance doesn't have. */
  async lacking(): Promise<string[]> {
    return (await this.known()).filter((keyId) => !this.keyRing.byId(keyId, 'encryption'));
  }

  private async known(): Promise<string[]> {
    const rows = await this.keys.list();
    return rows.filter(({ id }) => id.startsWith(PREFIX)).map(({ id }) => id.slice(PREFIX.length));
  }
}

function isNone({ encrypted, sealed }: RowsUnderSecret): boolean {
  return encrypted + sealed === 0;
}
