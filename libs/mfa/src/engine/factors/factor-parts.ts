import type { Provider, Type } from '@nestjs/common';
import type { MfaType } from '../../core/policy/methods.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import type { Write } from '../../storage/mfa-storage.js';
import type { AuthenticatorDetails } from '../authenticators/authenticator-list.js';
import type { SecretTable } from '../keys/secret-table.js';
import type { MfaFactorTable } from '../rows/factor-table.js';
import type { MfaFactorClass } from './mfa-factor.js';
import type { OperationPart } from './operation.js';

/** A table of a factor that comes with the module: what any factor says of its tables, and what only the module's own need. */
export interface PartTable extends MfaFactorTable {
  /** How `MfaAdminService.purgeExpired()` calls its rows. */
  purgedAs?: string;
  /** How long rows are kept after they have expired, in milliseconds. Default: 0. */
  keptMs?: number;
  /** Whether any change of the user's claims its rows. Default: false. */
  isClaimed?: true;
  /** What of it hangs on the secret: seals, and envelopes as they were made before factors had tables of their own. */
  secrets?: SecretTable;
}

/** Removes what a factor keeps of a user besides authenticators: set-ups that are under way. */
export interface FactorCleanup {
  planRemoval(userId: string): Write[] | Write;
}

/** All that a factor's folder adds to the module. Its registration is one line in the list of factors. */
export interface FactorParts {
  /** Its type; none: they are shared by several. */
  type?: MfaType;
  /** What applications may inject. */
  services: readonly Provider[];
  /** What only the module itself injects. */
  internals: readonly Provider[];
  /** Controllers, each with its path below that of the module. */
  controllers: readonly (readonly [path: string, controller: Type])[];
  tables: readonly PartTable[];
  /** How reports count its authenticators (`MfaAdminService.discardUnreadable()`). */
  countedAs?: string;
  /** How many a user may have, where an option says so. Default: as its traits say. */
  maxPerUser?: (options: ResolvedMfaOptions) => number;
  /** What verifies its codes, of the internals; none: it is proven without one, or brings others that do. */
  factor?: MfaFactorClass;
  /** What lists of authenticators show besides, of the internals. */
  details?: Type<AuthenticatorDetails>;
  /** What it does that is worth a span and a measurement (`nestjs-mfa/opentelemetry`). */
  operations?: readonly OperationPart[];
  /** What a reset removes besides authenticators, of the internals. */
  cleanup?: Type<FactorCleanup>;
}

/** Injection token of the {@link FactorCleanup} of each factor that has one. */
export const FACTOR_CLEANUPS = Symbol.for('nestjs-mfa:FACTOR_CLEANUPS');
