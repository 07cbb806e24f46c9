import type { DataSource, EntityMetadata } from 'typeorm';

import type { FactorTable } from '../engine/authenticators/factor-tables.js';
import { MFA_ENTITIES } from './entities.js';

/** Settings that make no sense for a table whose rows belong to no user. */
const OF_USERS = ['authenticatorId', 'encrypted', 'exported'] as const;

/** What is wrong with a custom factor's table declarations, with the remedy; undefined if nothing is. */
export function factorTablesProblem(
  dataSource: DataSource,
  tables: readonly FactorTable[],
): string | undefined {
  for (const [index, table] of tables.entries()) {
    const { entity } = table;
    const where = `\`factors\`: the table ${entity.name} of ${table.type}`;
    if (MFA_ENTITIES.includes(entity))
      return `${where} is one of the module's own: use an entity of your own`;
    if (tables.slice(0, index).some((former) => former.entity === entity))
      return `${where} is listed twice: list each entity once, in the factor that removes its rows`;
    if (!dataSource.hasMetadata(entity)) {
      return `the DataSource does not know the entity ${entity.name} of the factor ${table.type}: set \`autoLoadEntities: true\` in TypeOrmModule.forRoot(), or add it to its \`entities\`; the class must have \`@Entity()\``;
    }
    const problem =
      belongingProblem(table) ??
      propertyProblem(table, dataSource.getMetadata(entity)) ??
      keyProblem(table, dataSource.getMetadata(entity));
    if (problem !== undefined) return `${where}: ${problem}`;
  }
  return undefined;
}

function belongingProblem(table: FactorTable): string | undefined {
  const { userId, encrypted = [], exported = [] } = table;
  const named = OF_USERS.find((one) => table[one] !== undefined);
  if (userId === undefined && named !== undefined)
    return `\`${named}\` needs \`userId\`, the property that says whose row it is`;
  if (userId === undefined && table.expiresAt === undefined)
    return 'set `userId`, the property that says whose row it is, or `expiresAt`; otherwise its rows are never removed';
  const secret = exported.find((one) => encrypted.includes(one));
  return secret === undefined
    ? undefined
    : `\`${secret}\` is encrypted, but \`exported\` would reveal it: remove it from \`exported\``;
}

function propertyProblem(table: FactorTable, metadata: EntityMetadata): string | undefined {
  const { userId, authenticatorId, key, expiresAt, encrypted = [], exported = [] } = table;
  const named = Object.entries({ userId, authenticatorId, key, expiresAt, encrypted, exported });
  for (const [part, properties] of named.flatMap(([name, of]) =>
    [of ?? []].flat().map((one) => [name, one]),
  )) {
    const column = metadata.findColumnWithPropertyName(properties as string);
    if (!column) {
      const known = metadata.columns.map(({ propertyName }) => propertyName).join(', ');
      return `\`${part}\` names \`${properties}\`, but ${metadata.name} has no such column; it has ${known}`;
    }
    if (!column.isSelect) return `\`${properties}\` is not selected by default: remove its \`select: false\``;
  }
  return undefined;
}

/** Encrypted values are bound to their row, and rows are removed or re-encrypted one by one. */
function keyProblem(
  { key, encrypted = [], expiresAt }: FactorTable,
  { primaryColumns }: EntityMetadata,
): string | undefined {
  if (encrypted.length === 0 && expiresAt === undefined) return undefined;
  if (key === undefined && primaryColumns.length !== 1)
    return 'its primary key has several columns: set `key` to a property whose value is unique to each row';
  const [primary] = primaryColumns;
  const isGenerated = primary?.isGenerated === true && (key ?? primary.propertyName) === primary.propertyName;
  return encrypted.length > 0 && isGenerated && primary.generationStrategy !== 'uuid'
    ? `\`${primary.propertyName}\` is only known once the row is inserted, but encryption needs it before that: use a random UUID`
    : undefined;
}
