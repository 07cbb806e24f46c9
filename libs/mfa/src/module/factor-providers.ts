import type { Provider } from '@nestjs/common';

import { AuthenticatorsService } from '../engine/authenticators/authenticators.service.js';
import { CODE_FACTORS } from '../engine/factors/code-factor.js';
import type { Clock } from '../core/clock/clock.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import { MfaOptionsError } from '../options/options-error.js';
import type { MfaType } from '../core/policy/methods.js';
import { RecoveryCodeFactor } from '../factors/recovery-codes/recovery-code-factor.js';
import { TotpCodeFactor } from '../factors/totp/totp-code-factor.js';
import { FactorAvailability } from '../engine/factors/factor-availability.js';
import { FactorChallengeFlow } from '../factors/plugged/factor-challenge.flow.js';
import { FactorConnection } from '../engine/factors/factor-connection.js';
import { FactorData } from '../engine/factors/factor-data.js';
import type { RegisteredFactor } from '../engine/factors/factor-registry.js';
import { FactorRegistry, MFA_FACTORS } from '../engine/factors/factor-registry.js';
import { FactorRows } from '../engine/factors/factor-rows.js';
import { FactorTools } from '../engine/factors/factor-tools.js';
import { MessageBudget } from '../engine/factors/message-budget.js';
import type { MfaFactorDefinition, MfaFactorOption } from '../engine/factors/mfa-factor.js';
import { MfaFactor } from '../engine/factors/mfa-factor.js';
import { PluggedCodeFactor } from '../factors/plugged/plugged-code-factor.js';

/** What only the module itself injects. */
export const FACTOR_SERVICES = [
  FactorRegistry,
  FactorRows,
  FactorData,
  FactorAvailability,
  MessageBudget,
  FactorTools,
  FactorConnection,
  FactorChallengeFlow,
];

/** The factors of the option `factors`, and all that are judged by a code. */
export function factorProviders(options: readonly MfaFactorOption[]): Provider[] {
  const tokens = options.map(({ traits }) => Symbol(`nestjs-mfa:FACTOR:${traits.type}`));
  return [
    ...options.map((option, index) => providerOf(option, tokens[index] as symbol)),
    {
      provide: MFA_FACTORS,
      inject: tokens,
      useFactory: (...made: unknown[]): RegisteredFactor[] =>
        made.map((factor, index) => registered(options[index]?.traits.type as MfaType, factor)),
    },
    {
      // In this order, so that a code that fits several is judged by the authenticator app first, and spends no recovery code.
      provide: CODE_FACTORS,
      inject: [
        TotpCodeFactor,
        RecoveryCodeFactor,
        MFA_FACTORS,
        FactorData,
        FactorRows,
        AuthenticatorsService,
        MFA_CLOCK,
      ],
      useFactory: (
        totp: TotpCodeFactor,
        recoveryCodes: RecoveryCodeFactor,
        all: readonly RegisteredFactor[],
        data: FactorData,
        rows: FactorRows,
        authenticators: AuthenticatorsService,
        clock: Clock,
      ) => [
        totp,
        ...all.map((one) => new PluggedCodeFactor(one, { data, rows, authenticators, clock })),
        recoveryCodes,
      ],
    },
  ];
}

function providerOf(option: MfaFactorOption, token: symbol): Provider {
  return isDefinition(option)
    ? {
        provide: token,
        useFactory: option.useFactory as (...injected: unknown[]) => MfaFactor,
        inject: option.inject ?? [],
      }
    : { provide: token, useClass: option };
}

function isDefinition(option: MfaFactorOption): option is MfaFactorDefinition {
  return typeof option !== 'function';
}

function registered(type: MfaType, factor: unknown): RegisteredFactor {
  if (!(factor instanceof MfaFactor)) {
    throw new MfaOptionsError([`\`factors\`: the factor ${type} must extend MfaFactor`]);
  }
  return { type, factor };
}
