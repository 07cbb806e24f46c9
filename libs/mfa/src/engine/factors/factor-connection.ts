import { Inject, Injectable } from '@nestjs/common';

import { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { AuthenticatorDetails } from '../authenticators/authenticator-list.js';
import { AuthenticatorsService } from '../authenticators/authenticators.service.js';
import { MfaOptionsError } from '../../options/options-error.js';
import { FactorData } from './factor-judge.js';
import type { RegisteredFactor } from './factor-registry.js';
import { BUILT_IN_FACTORS, FactorRegistry } from './factor-registry.js';
import { FactorTools } from './factor-tools.js';

/** Connects the factors to their context when the application boots. */
@Injectable()
export class FactorConnection {
  constructor(
    @Inject(FactorRegistry) private readonly registry: FactorRegistry,
    @Inject(BUILT_IN_FACTORS) builtIn: readonly RegisteredFactor[],
    @Inject(FactorTools) tools: FactorTools,
    @Inject(FactorData) private readonly data: FactorData,
    @Inject(AuthenticatorsService) private readonly authenticators: AuthenticatorsService,
    @Inject(MFA_ADAPTER) adapter: DefaultMfaAdapter,
  ) {
    const isOverridden = adapter.sendMessage !== DefaultMfaAdapter.prototype.sendMessage;
    for (const { type, factor } of [...builtIn, ...registry.all]) {
      if (factor.needsSender() && !isOverridden) {
        throw new MfaOptionsError([
          `\`factors\`: nothing sends the codes of \`${type}\`: override \`sendMessage()\` in the adapter, or set the option \`sendMessage\``,
        ]);
      }
      factor.connect(tools.of(type));
    }
  }

  /** What the factors show in lists of authenticators. */
  details(): AuthenticatorDetails[] {
    return this.registry.all
      .filter(({ factor }) => 'describe' in factor)
      .map((one) => ({ type: one.type, describe: (userId) => this.describe(one, userId) }));
  }

  private async describe(
    { type, factor }: RegisteredFactor,
    userId: string,
  ): Promise<ReadonlyMap<string, object>> {
    const rows = (await this.authenticators.find(userId)).filter((row) => row.type === type);
    const described = await Promise.allSettled(
      rows.map(async (row) => [row.id, factor.describe?.(await this.data.open(row)) ?? {}] as const),
    );
    const [first] = described;
    // One unreadable row must not hide the details of the others.
    if (first?.status === 'rejected' && described.every((one) => one.status === 'rejected'))
      throw first.reason as Error;
    return new Map(described.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])));
  }
}
