import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
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
    return parse(text);
  }
}

/** What the text holds must not get into an error, which is logged: so nothing of it is quoted. */
function parse(text: string): TotpParameters {
  const parameters = parseJson(text) as Partial<TotpParameters> | null;
  const { secret, algorithm, digits, period } = parameters ?? {};
  const isComplete =
    typeof secret === 'string' &&
    /^[A-Z2-7]{16,}=*$/i.test(secret) &&
    typeof algorithm === 'string' &&
    Number.isInteger(digits) &&
    Number.isInteger(period);
  if (!isComplete) throw new Error('These are no parameters of a TOTP');
  return parameters as TotpParameters;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
