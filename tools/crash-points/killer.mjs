// Kills this process before a statement, or when a COMMIT is sent and not answered yet.

/** What leaves nothing behind, and is not counted. */
const READS = /^\s*(?:SELECT|SHOW|SET|PRAGMA|SAVEPOINT|RELEASE)/i;

/** Where each driver takes its statements, below TypeORM: every one passes there. */
const DOORS = {
  async 'better-sqlite3'() {
    const { default: Database } = await import('better-sqlite3');
    const statement = Object.getPrototypeOf(new Database(':memory:').prepare('SELECT 1'));
    return [...['run', 'all', 'get'].map((method) => [statement, method]), [Database.prototype, 'exec']];
  },
  async postgres() {
    const { default: pg } = await import('pg');
    return [[pg.Client.prototype, 'query']];
  },
  async mariadb() {
    const { default: mysql } = await import('mysql2');
    return [[mysql.Connection.prototype, 'query']];
  },
};

export class Killer {
  count = 0;
  tables = new Set();
  killAt = null;
  isArmed = false;

  /** @param type the driver, as TypeORM calls it */
  async watch(type) {
    const killer = this;
    for (const [prototype, method] of await DOORS[type]()) {
      const original = prototype[method];
      prototype[method] = function (...given) {
        // A compiled statement of SQLite knows its source; the others are given it.
        const sql = this.source ?? given[0].text ?? given[0].sql ?? given[0];
        killer.before(sql);
        // Drivers of servers have written it to the socket when this returns.
        const answer = original.apply(this, given);
        if (/^COMMIT/i.test(sql)) killer.pass();
        return answer;
      };
    }
  }

  /** Counts from now on. @param killAt the number of the point to die at, or null */
  arm(killAt) {
    Object.assign(this, { count: 0, tables: new Set(), killAt, isArmed: true });
  }

  before(sql) {
    if (READS.test(sql)) return;
    for (const [, table] of sql.matchAll(/(?:INTO|UPDATE|FROM)\s+["`]?(mfa_\w+)/gi)) this.tables.add(table);
    this.pass();
  }

  pass() {
    if (!this.isArmed) return;
    this.count += 1;
    if (this.count !== this.killAt) return;
    process.kill(process.pid, 'SIGKILL');
    for (;;);
  }
}
