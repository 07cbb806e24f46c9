import { Inject, Injectable } from '@nestjs/common';
import type { ObjectLiteral, SelectQueryBuilder } from 'typeorm';

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

  /** Stores the key unless one with that id exists. */
  async add(id: string, data: string): Promise<void> {
    await this.storage.write(this.insertion(id, data));
  }

  /** Adds a key. The claim is lost if one with that id exists. */
  planAddition(id: string, data: string, claim: string): Write {
    return { claim, query: this.insertion(id, data) };
  }

  /**
   * Claims that no other key has replaced this one. It changes nothing, but locks the row: {@link planRetirement} waits for
   * whoever has claimed it, and the other way round.
   */
  planUse(id: string, claim: string): Write {
    return this.planRetiredAt(id, null, claim);
  }

  /** Records that another key replaces this one. The claim is lost if one already has. */
  planRetirement(id: string, at: Date, claim: string): Write {
    return this.planRetiredAt(id, at, claim);
  }

  /** Removes a retired key unless the query finds something that still needs it. */
  planRemovalUnless(id: string, needed: SelectQueryBuilder<ObjectLiteral>): Write['query'] {
    return this.storage.dataSource
      .createQueryBuilder()
      .delete()
      .from(MfaStoredKey)
      .where(`id = :id AND retired_at IS NOT NULL AND NOT EXISTS (${needed.getQuery()})`, {
        ...needed.getParameters(),
        id,
      });
  }

  /** Replaces the stored key unless another request was faster. */
  planReplacement({ id, data }: Pick<MfaStoredKey, 'id' | 'data'>, next: string): Write {
    return {
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(MfaStoredKey)
        .set({ data: next })
        .where('id = :id AND data = :data', { id, data }),
    };
  }

  /** Replaces the stored key right away unless another request was faster. */
  async replace(key: Pick<MfaStoredKey, 'id' | 'data'>, next: string): Promise<void> {
    await this.storage.commit([this.planReplacement(key, next)]);
  }

  async remove(id: string): Promise<void> {
    await this.storage.write(
      this.storage.dataSource.createQueryBuilder().delete().from(MfaStoredKey).where('id = :id', { id }),
    );
  }

  private planRetiredAt(id: string, retiredAt: Date | null, claim: string): Write {
    return {
      claim,
      query: this.storage.dataSource
        .createQueryBuilder()
        .update(MfaStoredKey)
        .set({ retiredAt })
        .where('id = :id AND retired_at IS NULL', { id }),
    };
  }

  private insertion(id: string, data: string): Write['query'] {
    return this.storage.dataSource
      .createQueryBuilder()
      .insert()
      .into(MfaStoredKey)
      .values({ id, data })
      .orIgnore();
  }
}
