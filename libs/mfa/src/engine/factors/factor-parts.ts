import type { Provider, Type } from '@nestjs/common';
import type { MfaType } from '../../core/policy/methods.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import type { Write } from '../../storage/mfa-storage.js';
import type { AuthenticatorDetails } from '../authenticators/authenticator-list.js';
import type { SecretTable } from '../keys/secret-table.js';
import type { MfaFactorTable } from '../rows/factor-table.js';
import type { MfaFactorClass } from './mfa-factor.js';
import type { OperationPart } from './operation.js';

/** A table of a built-in factor: what any factor declares about its tables, and what only the module's own need. */
export interface PartTable extends MfaFactorTable {
  /** The name of its rows in `MfaAdminService.purgeExpired()`. */
  purgedAs?: string;
  /** How long rows are kept after they expire, in milliseconds. Default: 0. */
  keptMs?: number;
  /** Whether every change by the user claims its rows. Default: false. */
  isClaimed?: true;
  /** What depends on the secret: seals, and envelopes as they were made before factors had tables of their own. */
  secrets?: SecretTable;
}

/** Removes what a factor stores for a user besides authenticators: setups in progress. */
export interface FactorCleanup {
  planRemoval(userId: string): Write[] | Write;
}

/** Everything that a factor's folder adds to the module. It is registered by one line in the list of factors. */
export interface FactorParts {
  /** The factor's type. None if the parts are shared by several factors. */
  type?: MfaType;
  /** Providers that applications may inject. */
  services: readonly Provider[];
  /** Providers that only the module injects. */
  internals: readonly Provider[];
  /** Controllers, each with its path below the module's. */
  controllers: readonly (readonly [path: string, controller: Type])[];
  tables: readonly PartTable[];
  /** The name under which reports count its authenticators (`MfaAdminService.discardUnreadable()`). */
  countedAs?: string;
  /** How many a user may have. Default: according to its traits. */
  maxPerUser?: (options: ResolvedMfaOptions) => number;
  /**
   * The internal provider that verifies its codes. None if the factor is proven without a code, or its parts bring other
   * factors that verify.
   */
  factor?: MfaFactorClass;
  /** The internal provider that adds details to lists of authenticators. */
  details?: Type<AuthenticatorDetails>;
  /** The operations to trace and measure (`nestjs-mfa/opentelemetry`). */
  operations?: readonly OperationPart[];
  /** The internal provider that removes, in a reset, what the factor stores besides authenticators. */
  cleanup?: Type<FactorCleanup>;
}

/** Injection token of the {@link FactorCleanup} of each factor that has one. */
export const FACTOR_CLEANUPS = Symbol.for('nestjs-mfa:FACTOR_CLEANUPS');
