// The tables, and beside each another one that keeps the rows that a flow begins with: put back for each point by statements that every engine has.
import { MFA_ENTITIES } from 'nestjs-mfa';
import { getMetadataArgsStorage } from 'typeorm';

const { tables } = getMetadataArgsStorage();
/** In the order of the entities, in which rows refer only to earlier tables. */
export const TABLES = MFA_ENTITIES.map((entity) => tables.find(({ target }) => target === entity).name);

const kept = (table) => `kept_${table}`;

async function forAll(db, ...statements) {
  for (const table of TABLES) for (const statement of statements) await db.rows(statement(table));
}

const empty = (table) => `DELETE FROM ${table}`;
const copy = (from, to) => `INSERT INTO ${to} SELECT * FROM ${from}`;

export const makeKept = (db) =>
  forAll(db, (table) => `CREATE TABLE ${kept(table)} AS SELECT * FROM ${table}`);

export const emptyTables = (db) => forAll(db, empty);

export const keepRows = (db) =>
  forAll(
    db,
    (table) => empty(kept(table)),
    (table) => copy(table, kept(table)),
  );

export const putRowsBack = (db) => forAll(db, empty, (table) => copy(kept(table), table));
