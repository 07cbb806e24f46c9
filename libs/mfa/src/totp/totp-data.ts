import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { TotpParameters } from './totp.js';

/** The record that the parameters belong to. */
export interface TotpRecord {
  id: string;
  userId: string;
}

/** Keeps TOTP parameters encrypted, bound to their owner and record. */
@Injectable()
export class TotpData {
  constructor(@Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter) {}

  async encrypt(parameters: TotpParameters, { id, userId }: TotpRecord): Promise<string> {
    return this.adapter.encrypt(JSON.stringify(parameters), { purpose: 'totp', userId, recordId: id });
  }

  async decrypt(data: string, { id, userId }: TotpRecord): Promise<TotpParameters> {
    const text = await this.adapter.decrypt(data, { purpose: 'totp', userId, recordId: id });
    return JSON.parse(text) as TotpParameters;
  }
}
