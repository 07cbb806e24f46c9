import { describe, expect, it } from '@jest/globals';
import { getMetadataArgsStorage } from 'typeorm';

import { MFA_OPERATIONS } from '../engine/factors/operation.js';
import { FACTORS } from './factors.js';

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

  it('have rows that a change claims, where another one may replace them meanwhile', () => {
    const claimed = tables.filter(({ isClaimed }) => isClaimed).map(({ entity }) => entity.name);
    expect(claimed).toEqual(['TotpSetup', 'WebAuthnCredential']);
  });
});
