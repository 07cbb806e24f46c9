// Building an index at once is much faster than row by row, so indexes are dropped before filling and restored
// afterwards.

/** Drops the indexes and keys of all tables; returns the statements that restore them. */
export async function takeIndexesOff(pool) {
  const { rows: constraints } = await pool.query(`
    SELECT conname AS name, conrelid::regclass::text AS "table", contype AS type, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint WHERE contype IN ('p', 'f') AND conrelid::regclass::text LIKE 'mfa\\_%'`);
  const { rows: indexes } = await pool.query(`
    SELECT indexname AS name, indexdef AS definition FROM pg_indexes
    WHERE tablename LIKE 'mfa\\_%' AND indexname NOT IN (SELECT conname FROM pg_constraint)`);
  const foreign = constraints.filter(({ type }) => type === 'f');
  const primary = constraints.filter(({ type }) => type === 'p');
  for (const { name, table } of [...foreign, ...primary]) {
    await pool.query(`ALTER TABLE ${table} DROP CONSTRAINT "${name}"`);
  }
  for (const { name } of indexes) await pool.query(`DROP INDEX "${name}"`);
  const add = ({ name, table, definition }) => `ALTER TABLE ${table} ADD CONSTRAINT "${name}" ${definition}`;
  return {
    first: primary.map(add),
    then: indexes.map(({ definition }) => definition),
    last: foreign.map(add),
  };
}

export async function rebuildIndexes(pool, { first, then, last }) {
  for (const statements of [first, then, last]) {
    await Promise.all(
      statements.map(async (sql) => {
        const client = await pool.connect();
        try {
          await client.query(`SET maintenance_work_mem = '512MB'`);
          await client.query(sql);
        } finally {
          client.release(true);
        }
      }),
    );
  }
}
