import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import type { MfaType } from '../../core/policy/methods.js';
import type { MfaFactorAuthenticator } from './mfa-factor.js';

/** The record that the data belong to. */
export interface FactorRecord {
  id: string;
  userId: string;
  type: MfaType;
}

/** Keeps the data of factors encrypted, bound to their owner, type and record. */
@Injectable()
export class FactorData {
  constructor(@Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter) {}

  async encrypt(data: string, { id, userId, type }: FactorRecord): Promise<string> {
    return this.adapter.encrypt(data, { purpose: type, userId, recordId: id });
  }

  async decrypt(data: string, { id, userId, type }: FactorRecord): Promise<string> {
    return this.adapter.decrypt(data, { purpose: type, userId, recordId: id });
  }

  /** The row as its factor sees it. */
  async open(row: Authenticator): Promise<MfaFactorAuthenticator> {
    const { id, userId, name, lastStep } = row;
    return { id, userId, name, lastStep, data: await this.decrypt(row.data, row) };
  }
}
