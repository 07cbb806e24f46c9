import { Inject, Injectable } from '@nestjs/common';
import type { ObjectLiteral } from 'typeorm';

import { Authenticator } from '../authenticators/authenticator.entity.js';
import { envelopePrefix } from '../crypto/envelope.js';
import type { Write } from '../storage/mfa-storage.js';
import { MfaStorage } from '../storage/mfa-storage.js';
import { TotpSetup } from '../totp/totp-setup.entity.js';
import { StoredKey } from './stored-key.entity.js';

/** A row whose `data` is an envelope. */
export interface EncryptedRow {
  id: string;
  userId: string;
  data: string;
}

type EncryptedEntity = (new () => ObjectLiteral) & { name: string };

/** The entities with encrypted data of users. */
export const ENCRYPTED_ENTITIES: readonly EncryptedEntity[] = [Authenticator, TotpSetup];

/** Finds rows by the secret that they are encrypted under: the id of its key stands at the beginning of each envelope. */
@Injectable()
export class EncryptedRows {
  constructor(@Inject(MfaStorage) private readonly storage: MfaStorage) {}

  /** How many rows are under the key of that id. */
  async countUnder(keyId: string): Promise<number> {
    const prefix = envelopePrefix(keyId);
    let count = 0;
    for (const entity of [...ENCRYPTED_ENTITIES, StoredKey]) {
      count += await this.storage.read((reader) =>
        reader
          .createQueryBuilder(entity, 'r')
          .where('SUBSTR(r.data, 1, :length) = :prefix', { length: prefix.length, prefix })
          .getCount(),
      );
    }
    return count;
  }

  /** The next rows of that entity that are in an envelope of ours under another key, in the order of their ids. */
  async findUnderOthers(
    entity: EncryptedEntity,
    keyId: string,
    after: string,
    limit: number,
  ): Promise<EncryptedRow[]> {
    const prefix = envelopePrefix(keyId);
    const version = envelopePrefix('').slice(0, -1);
    const rows = await this.storage.read((reader) =>
      reader
        .createQueryBuilder(entity, 'r')
        .where('r.id > :after', { after })
        .andWhere('SUBSTR(r.data, 1, :length) <> :prefix', { length: prefix.length, prefix })
        .andWhere('SUBSTR(r.data, 1, :versionLength) = :version', { versionLength: version.length, version })
        .orderBy('r.id')
        .take(limit)
        .getMany(),
    );
    return rows as EncryptedRow[];
  }

  async countUnderOthers(keyId: string): Promise<number> {
    const prefix = envelopePrefix(keyId);
    const version = envelopePrefix('').slice(0, -1);
    let count = 0;
    for (const entity of ENCRYPTED_ENTITIES) {
      count += await this.storage.read((reader) =>
        reader
          .createQueryBuilder(entity, 'r')
          .where('SUBSTR(r.data, 1, :length) <> :prefix', { length: prefix.length, prefix })
          .andWhere('SUBSTR(r.data, 1, :versionLength) = :version', {
            versionLength: version.length,
            version,
          })
          .getCount(),
      );
    }
    return count;
  }

  /** Replaces the envelope, unless the row has changed or gone since it was read. */
  planReplacement(entity: EncryptedEntity, { id, data }: EncryptedRow, next: string): Write {
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(entity)
        .set({ data: next })
        .where('id = :id AND data = :data', { id, data }),
    };
  }
}
