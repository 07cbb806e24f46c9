import { Inject, Injectable } from '@nestjs/common';

import type { Write } from '../../storage/mfa-storage.js';
import { MfaStorage } from '../../storage/mfa-storage.js';
import { StoredKey } from './stored-key.entity.js';

/** The table of keys. */
@Injectable()
export class KeyStore {
  constructor(@Inject(MfaStorage) private readonly storage: MfaStorage) {}

  async find(id: string): Promise<string | null> {
    const row = await this.storage.read((reader) =>
      reader.createQueryBuilder(StoredKey, 'k').where('k.id = :id', { id }).getOne(),
    );
    return row?.data ?? null;
  }

  async list(): Promise<StoredKey[]> {
    return this.storage.read((reader) => reader.createQueryBuilder(StoredKey, 'k').getMany());
  }

  /** Keeps it unless it is there. */
  async add(id: string, data: string): Promise<void> {
    await this.storage.write(
      this.storage.dataSource
        .createQueryBuilder()
        .insert()
        .into(StoredKey)
        .values({ id, data })
        .orIgnore()
        .updateEntity(false),
    );
  }

  /** Replaces what is kept, unless somebody else was faster. */
  planReplacement({ id, data }: StoredKey, next: string): Write {
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(StoredKey)
        .set({ data: next })
        .where('id = :id AND data = :data', { id, data }),
    };
  }

  /** Replaces what is kept at once, unless somebody else was faster. */
  async replace(key: StoredKey, next: string): Promise<void> {
    await this.storage.commit([this.planReplacement(key, next)]);
  }

  async remove(id: string): Promise<void> {
    await this.storage.write(
      this.storage.dataSource.createQueryBuilder().delete().from(StoredKey).where('id = :id', { id }),
    );
  }
}
