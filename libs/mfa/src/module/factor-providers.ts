import type { Provider } from '@nestjs/common';

import { AuthenticatorsService } from '../engine/authenticators/authenticators.service.js';
import type { FactorCleanup } from '../engine/factors/factor-parts.js';
import { FACTOR_CLEANUPS } from '../engine/factors/factor-parts.js';
import type { AuthenticatorDetails } from '../engine/authenticators/authenticator-list.js';
import { AUTHENTICATOR_DETAILS } from '../engine/authenticators/authenticator-list.js';
import type { FactorTable } from '../engine/authenticators/factor-tables.js';
import { FactorTables, MFA_FACTOR_TABLES } from '../engine/authenticators/factor-tables.js';
import { isBackupType } from '../core/policy/methods.js';
import { FACTORS } from '../factors/factors.js';
import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import { MfaOptionsError } from '../options/options-error.js';
import type { MfaType } from '../core/policy/methods.js';
import { FactorAvailability } from '../engine/factors/factor-availability.js';
import { FactorConnection } from '../engine/factors/factor-connection.js';
import { FACTOR_JUDGES, FactorJudge, FactorData } from '../engine/factors/factor-judge.js';
import type { RegisteredFactor } from '../engine/factors/factor-registry.js';
import {
  BUILT_IN_FACTORS,
  FactorRegistry,
  MFA_FACTORS,
  factorToken,
} from '../engine/factors/factor-registry.js';
import { FactorRows } from '../engine/factors/factor-rows.js';
import { FactorTools } from '../engine/factors/factor-tools.js';
import { MessageBudget } from '../engine/factors/message-budget.js';
import type { MfaFactorDefinition, MfaFactorOption } from '../engine/factors/mfa-factor.js';
import { MfaFactor } from '../engine/factors/mfa-factor.js';

/** Services for factors that only the module itself injects. */
export const FACTOR_SERVICES = [
  FactorRegistry,
  FactorTables,
  FactorRows,
  FactorData,
  FactorAvailability,
  MessageBudget,
  FactorTools,
  FactorConnection,
];

const given = <T>(of: readonly (T | undefined)[]): T[] => of.filter((one) => one !== undefined);
const BUILT_IN = given(FACTORS.map(({ factor }) => factor));
const DETAILS = given(FACTORS.map(({ details }) => details));
const CLEANUPS = given(FACTORS.map(({ cleanup }) => cleanup));

/** The factors of the option `factors`, and the collections of all factors. */
export function factorProviders(options: readonly MfaFactorOption[]): Provider[] {
  return [
    ...options.map(providerOf),
    {
      provide: MFA_FACTORS,
      inject: options.map(({ traits }) => factorToken(traits.type)),
      useFactory: (...made: unknown[]): RegisteredFactor[] =>
        made.map((factor, index) => registered(options[index]?.traits.type as MfaType, factor)),
    },
    { provide: MFA_FACTOR_TABLES, useValue: tablesOf(options) },
    {
      provide: BUILT_IN_FACTORS,
      inject: BUILT_IN,
      useFactory: (...made: MfaFactor[]): RegisteredFactor[] =>
        BUILT_IN.map(({ traits }, index) => ({ type: traits.type, factor: made[index] as MfaFactor })),
    },
    {
      provide: FACTOR_JUDGES,
      inject: [BUILT_IN_FACTORS, MFA_FACTORS, FactorData, FactorRows, AuthenticatorsService, MFA_CLOCK],
      useFactory: (
        builtIn: readonly RegisteredFactor[],
        plugged: readonly RegisteredFactor[],
        data: FactorData,
        rows: FactorRows,
        authenticators: AuthenticatorsService,
        clock: MfaClock,
      ): FactorJudge[] => {
        // Backup factors come last, so that a code that also matches another factor doesn't consume one of theirs.
        const isBackup = ({ type }: RegisteredFactor) => isBackupType(type);
        const inOrder = [...builtIn.filter((one) => !isBackup(one)), ...plugged, ...builtIn.filter(isBackup)];
        return inOrder.map((one) => new FactorJudge(one, { data, rows, authenticators, clock }));
      },
    },
    {
      provide: AUTHENTICATOR_DETAILS,
      inject: [FactorConnection, ...DETAILS],
      useFactory: (factors: FactorConnection, ...details: AuthenticatorDetails[]) => [
        ...details,
        ...factors.details(),
      ],
    },
    {
      provide: FACTOR_CLEANUPS,
      inject: CLEANUPS,
      useFactory: (...cleanups: FactorCleanup[]) => cleanups,
    },
  ];
}

/** The tables of the option `factors`, with their factor types. */
export function tablesOf(options: readonly MfaFactorOption[]): FactorTable[] {
  return options.flatMap(({ traits: { type }, tables = [] }) => tables.map((table) => ({ ...table, type })));
}

function providerOf(option: MfaFactorOption): Provider {
  const token = factorToken(option.traits.type);
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
