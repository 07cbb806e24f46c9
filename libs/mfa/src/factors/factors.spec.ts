import { describe, expect, it } from '@jest/globals';
import { getMetadataArgsStorage } from 'typeorm';

import type { FactorParts } from '../engine/factors/factor-parts.js';
import { MFA_OPERATIONS } from '../engine/factors/operation.js';
import { FACTORS } from './factors.js';
import { PLUGGED_FACTORS } from './plugged/plugged.parts.js';
import { RECOVERY_CODES } from './recovery-codes/recovery-codes.parts.js';
import { TOTP } from './totp/totp.parts.js';

const tables = FACTORS.flatMap((parts) => parts.tables);
const operations = FACTORS.flatMap((parts) => parts.operations ?? []);

/** The properties of an entity that are columns. */
const columnsOf = (entity: unknown) =>
  getMetadataArgsStorage()
    .columns.filter(({ target }) => target === entity)
    .map(({ propertyName }) => propertyName);

describe('the factors of the module', () => {
  it.each(tables)('name columns that $entity.name has', ({ entity, ...table }) => {
    const named = [table.userId, table.authenticatorId, table.key, table.expiresAt].filter(
      (column) => column !== undefined,
    );
    expect(named).not.toEqual([]);
    expect(columnsOf(entity)).toEqual(expect.arrayContaining(named));
  });

  it.each(operations)('measure $of.name.$method as what there is', ({ operation, of, method }) => {
    expect(MFA_OPERATIONS).toContain(operation);
    expect(Object.getOwnPropertyNames(of.prototype)).toContain(method);
  });

  // Clients, reports and dashboards depend on these names.
  it.each<[string, FactorParts, object]>([
    [
      'authenticator apps',
      TOTP,
      {
        paths: ['/totp'],
        purged: ['totpSetups'],
        counted: 'authenticatorApps',
        measured: ['setup.begin', 'setup.finish'],
      },
    ],
    [
      'recovery codes',
      RECOVERY_CODES,
      { paths: ['/recovery-codes'], purged: [undefined], counted: 'recoveryCodeSets', measured: [] },
    ],
    [
      'factors of the application',
      PLUGGED_FACTORS,
      {
        paths: ['/factors', '/authenticate'],
        purged: ['factorSetups', 'factorChallenges'],
        counted: undefined,
        measured: ['setup.begin', 'setup.finish', 'challenge'],
      },
    ],
  ])('are known by their names: %s', (_, parts, names) => {
    expect({
      paths: parts.controllers.map(([path]) => path),
      purged: parts.tables.map(({ purgedAs }) => purgedAs),
      counted: parts.countedAs,
      measured: (parts.operations ?? []).map(({ operation }) => operation),
    }).toEqual(names);
  });

  it('find the type of a factor of the application in the arguments', () => {
    expect(PLUGGED_FACTORS.operations?.map(({ typeAt }) => typeAt)).toEqual([1, 1, 1]);
  });

  it('have rows that a change claims, where another one may replace them meanwhile', () => {
    const claimed = tables.filter(({ isClaimed }) => isClaimed).map(({ entity }) => entity.name);
    expect(claimed).toEqual(['TotpSetup', 'WebAuthnCredential']);
  });

  it('allow as many authenticator apps as the option says', () => {
    expect(TOTP.maxPerUser?.({ totp: { maxPerUser: 3 } } as never)).toBe(3);
  });
});
