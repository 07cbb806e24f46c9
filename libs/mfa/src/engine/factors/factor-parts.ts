import type { Provider, Type } from '@nestjs/common';
import type { ObjectLiteral } from 'typeorm';

import type { Write } from '../../storage/mfa-storage.js';
import type { AuthenticatorDetails } from '../authenticators/authenticator-list.js';
import type { SecretTable } from '../keys/secret-table.js';
import type { CodeFactor } from './code-factor.js';

export type OwnedEntity = new () => ObjectLiteral & { userId: string };

/** A table whose rows say themselves, in `expires_at`, until when they count. */
export interface ExpiringTable {
  /** How `MfaAdminService.purgeExpired()` calls them. */
  name: string;
  entity: new () => ObjectLiteral;
  /** The column of its key. */
  key: string;
  /** How long rows are kept after that, in milliseconds. */
  keptMs: number;
}

/** Removes what a factor keeps of a user besides authenticators: set-ups that are under way. */
export interface FactorCleanup {
  planRemoval(userId: string): Write[] | Write;
}

/** All that a factor's folder adds to the module. Its registration is one line in the list of factors. */
export interface FactorParts {
  /** What applications may inject. */
  services: readonly Provider[];
  /** What only the module itself injects. */
  internals: readonly Provider[];
  /** Controllers, each with its path below that of the module. */
  controllers: readonly (readonly [path: string, controller: Type])[];
  entities: readonly (new () => ObjectLiteral)[];
  /** Tables with rows of users: those that a change of the user's claims, and those that hang on others. */
  owned: { claimed: readonly OwnedEntity[]; others: readonly OwnedEntity[] };
  expiring: readonly ExpiringTable[];
  secretTables: readonly SecretTable[];
  /** What verifies its codes, of the internals. */
  codes?: Type<CodeFactor>;
  /** What lists of authenticators show besides, of the internals. */
  details?: Type<AuthenticatorDetails>;
  /** What a reset removes besides authenticators, of the internals. */
  cleanup?: Type<FactorCleanup>;
}

/** Injection token of the {@link FactorCleanup} of each factor that has one. */
export const FACTOR_CLEANUPS = Symbol.for('nestjs-mfa:FACTOR_CLEANUPS');
