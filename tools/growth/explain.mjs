// Makes the database explain every statement of the library, with its actual parameters, just before it is executed.

const EXPLAIN = 'EXPLAIN (ANALYZE, BUFFERS, WAL, FORMAT JSON)';

/** Statements that differ only in the length of lists count as the same. */
function shapeOf(sql) {
  return sql
    .replaceAll(/\$\d+/g, '?')
    .replaceAll(/DEFAULT/g, '?')
    .replaceAll(/\(\?(, \?)*\)(, \(\?(, \?)*\))*/g, '(?…)');
}

/** The name of a statement in the report: its verb, its tables, its condition. */
export function shortNameOf(shape) {
  const tables = [...shape.matchAll(/(?:FROM|JOIN|INTO|UPDATE) "(mfa_\w+)"/g)].map(([, table]) =>
    table.slice(4),
  );
  const [, condition = ''] = /WHERE (.*)$/.exec(shape) ?? [];
  const where = condition
    .replaceAll(/"\w+"\."(\w+)"|"(\w+)"/g, '$1$2')
    .replaceAll(/\b[a-z]\.(?=\w)/g, '')
    .replaceAll(/\(+(?=\w+ [=<>])|(?<=[?L])\)+/g, '')
    .replaceAll(/ ORDER BY \S+ ASC|, \S+ (ASC|DESC)$/g, '');
  const name = `${shape.split(' ')[0]} ${[...new Set(tables)].join(' + ')}${where ? ` where ${where}` : ''}`;
  return name.length > 110 ? `${name.slice(0, 109)}…` : name;
}

function* nodesOf(plan) {
  yield plan;
  for (const child of plan.Plans ?? []) yield* nodesOf(child);
}

function read(
  [
    {
      'QUERY PLAN': [{ Plan: plan, Triggers: triggers = [], ...times }],
    },
  ],
  { rowsOfTable, primaryKeys },
) {
  const nodes = [...nodesOf(plan)];
  const isFull = (node) =>
    node['Node Type'] === 'Seq Scan' ||
    (['Index Scan', 'Index Only Scan'].includes(node['Node Type']) && node['Index Cond'] === undefined);
  const scans = nodes.filter(isFull).map((node) => {
    // The plan doesn't name the table of an index that is only read for its order.
    const table = node['Relation Name'];
    return { table, tableRows: rowsOfTable.get(table) ?? 0, how: `${node['Node Type']} on ${table}` };
  });
  const names = nodes.map((node) => node['Index Name']).filter(Boolean);
  const indexes = names.map((name) => primaryKeys.get(name) ?? name);
  return {
    scans,
    indexes: [...new Set(indexes)],
    rows: plan['Node Type'] === 'ModifyTable' ? rowsChanged(plan) : plan['Actual Rows'],
    buffers: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'],
    wal: plan['WAL Bytes'] ?? 0,
    images: plan['WAL FPI'] ?? 0,
    ms: times['Execution Time'],
    planningMs: times['Planning Time'],
    triggerMs: triggers.reduce((sum, { Time: time }) => sum + time, 0),
  };
}

/** A statement that changes rows returns none; the plan below it shows how many it changed. */
function rowsChanged({ Plans: [below] }) {
  return below['Actual Rows'];
}

/**
 * Watches all statements of a DataSource. While it is on, each one is first explained in a transaction that is rolled
 * back.
 */
export class Explainer {
  isOn = false;
  /** shape -> { shape, flows: name -> kind, samples } */
  statements = new Map();
  /** The samples of the current flow. */
  current = [];

  /** @param known the row count of each table, and the table of each primary key */
  constructor(dataSource, known) {
    this.known = known;
    const create = dataSource.createQueryRunner.bind(dataSource);
    dataSource.createQueryRunner = (mode) => {
      const runner = create(mode);
      const query = runner.query.bind(runner);
      runner.query = async (sql, parameters, structured) => {
        if (this.isOn && /^(SELECT|INSERT|UPDATE|DELETE)/.test(sql)) {
          await this.explain(query, sql, parameters, runner.isTransactionActive);
        }
        return query(sql, parameters, structured);
      };
      return runner;
    };
  }

  /** The samples of what one run of the flow sends. */
  async of(flow, run) {
    this.flow = flow;
    this.current = [];
    this.isOn = true;
    try {
      await run();
    } finally {
      this.isOn = false;
    }
    return this.current;
  }

  async explain(query, sql, parameters, isInTransaction) {
    await query(isInTransaction ? 'SAVEPOINT growth' : 'BEGIN');
    let sample;
    try {
      sample = read(await query(`${EXPLAIN} ${sql}`, parameters), this.known);
    } finally {
      await query(isInTransaction ? 'ROLLBACK TO SAVEPOINT growth' : 'ROLLBACK');
    }
    const shape = shapeOf(sql);
    const statement = this.statements.get(shape) ?? { shape, flows: new Map(), samples: [] };
    statement.samples.push(sample);
    statement.flows.set(this.flow.name, this.flow.kind);
    this.statements.set(shape, statement);
    this.current.push(sample);
  }
}
