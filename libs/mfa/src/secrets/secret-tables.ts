import { Inject, Injectable } from '@nestjs/common';

import { MFA_TYPES, isJudgedByRow } from '../core/policy/methods.js';
import type { OwnedFactorTable } from '../engine/authenticators/factor-tables.js';
import { FactorTables } from '../engine/authenticators/factor-tables.js';
import { purposeOfColumn } from '../engine/rows/factor-table.js';
import {
  Authenticator,
  isGenuineAuthenticator,
  sealAuthenticator,
} from '../engine/rows/authenticator.entity.js';
import {
  AuthenticationSession,
  isSealedSession,
  sealSession,
} from '../engine/rows/authentication-session.entity.js';
import type { SecretRow, SecretTable } from '../engine/keys/secret-table.js';
import { sealsOf, valueOf } from '../engine/keys/secret-table.js';
import { TrustedDevice } from '../engine/trust/trusted-device.entity.js';
import { isGenuineTrustedDevice, sealTrustedDevice } from '../engine/trust/trusted-device-seal.js';
import { FACTORS } from '../factors/factors.js';

export const AUTHENTICATORS: SecretTable = {
  entity: Authenticator,
  id: 'id',
  userId: 'userId',
  encrypted: ['data'],
  plainTypes: () => MFA_TYPES.filter((type) => !isJudgedByRow(type)),
  seals: sealsOf(sealAuthenticator, isGenuineAuthenticator),
  isMissed: true,
};

const SESSIONS: SecretTable = {
  entity: AuthenticationSession,
  id: 'id',
  userId: 'userId',
  encrypted: [],
  seals: sealsOf(sealSession, isSealedSession),
  isMissed: false,
};

const TRUSTED_DEVICES: SecretTable = {
  entity: TrustedDevice,
  id: 'id',
  userId: 'userId',
  encrypted: [],
  seals: sealsOf(sealTrustedDevice, isGenuineTrustedDevice),
  isMissed: false,
};

/** The row's id, by which its table is traversed. */
export function idOf({ id }: SecretTable, row: SecretRow): unknown {
  return valueOf(row, id);
}

const OF_PARTS = FACTORS.flatMap(({ tables }) => tables.flatMap(({ secrets }) => secrets ?? []));

/** The tables of factors whose rows have a seal. */
export const SEALED_FACTORS: readonly SecretTable[] = [
  AUTHENTICATORS,
  ...OF_PARTS.filter(({ seals }) => seals !== null),
];

/** The tables where factors keep setups that await a first code. */
export const SETUPS: readonly SecretTable[] = OF_PARTS.filter(({ isSetup }) => isSetup === true);

/** All tables whose rows depend on the secret, including those of the option `factors`. */
@Injectable()
export class SecretTables {
  readonly all: readonly SecretTable[];
  /** Tables of the application's own factors. */
  readonly ofOwnFactors: readonly SecretTable[];
  /** Tables with what verifies an authenticator's proofs, in addition to its own row. */
  readonly judging: readonly SecretTable[];

  constructor(@Inject(FactorTables) factorTables: FactorTables) {
    this.ofOwnFactors = factorTables.owned
      .filter(({ encrypted = [] }) => encrypted.length > 0)
      .map((table) => secretsOf(table, factorTables.keyOf(table)));
    const ofFactors = [...OF_PARTS, ...this.ofOwnFactors];
    this.all = [AUTHENTICATORS, ...ofFactors, SESSIONS, TRUSTED_DEVICES];
    this.judging = ofFactors.filter(({ authenticatorId }) => authenticatorId !== undefined);
  }
}

function secretsOf(table: OwnedFactorTable, id: string): SecretTable {
  const { entity, type, userId, authenticatorId, encrypted = [] } = table;
  return {
    entity,
    id,
    userId,
    ...(authenticatorId === undefined ? {} : { authenticatorId }),
    encrypted,
    type,
    purposeOf: (column) => purposeOfColumn(type, column),
    seals: null,
    isMissed: true,
  };
}
