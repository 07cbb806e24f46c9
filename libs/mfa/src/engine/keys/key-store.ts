import { Inject, Injectable } from '@nestjs/common';

import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { MfaStoredKey } from './stored-key.entity.js';

/** The table of keys. */
@Injectable()
export class KeyStore {
  constructor(@Inject(MfaStorage) private readonly storage: MfaStorage) {}

  async find(id: string): Promise<string | null> {
    const row = await this.storage.read((reader) =>
      reader.createQueryBuilder(MfaStoredKey, 'k').where('k.id = :id', { id }).getOne(),
    );
    return row?.data ?? null;
  }

  async list(): Promise<MfaStoredKey[]> {
    return this.storage.read((reader) => reader.createQueryBuilder(MfaStoredKey, 'k').getMany());
  }

  /** Keeps it unless it is there. */
  async add(id: string, data: string): Promise<void> {
    await this.storage.write(
      this.storage.dataSource
        .createQueryBuilder()
        .insert()
        .into(MfaStoredKey)
        .values({ id, data })
        .orIgnore()
        .updateEntity(false),
    );
  }

  /** Replaces what is kept, unless somebody else was faster. */
  planReplacement({ id, data }: MfaStoredKey, next: string): Write {
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(MfaStoredKey)
        .set({ data: next })
        .where('id = :id AND data = :data', { id, data }),
    };
  }

  /** Replaces what is kept at once, unless somebody else was faster. */
  async replace(key: MfaStoredKey, next: string): Promise<void> {
    await this.storage.commit([this.planReplacement(key, next)]);
  }

  async remove(id: string): Promise<void> {
    await this.storage.write(
      this.storage.dataSource.createQueryBuilder().delete().from(MfaStoredKey).where('id = :id', { id }),
    );
  }
}
