/**
 * Records the statements that a DataSource sends, with their parameters, while it is on. It costs nothing while it is
 * off.
 */
export class Recorder {
  statements = [];

  constructor(dataSource) {
    this.dataSource = dataSource;
    this.usual = dataSource.logger;
  }

  start() {
    this.statements = [];
    const record = (sql, parameters = []) => void this.statements.push({ sql, parameters });
    this.dataSource.logger = new Proxy(this.usual, {
      get: (logger, name) => (name === 'logQuery' ? record : Reflect.get(logger, name)),
    });
  }

  stop() {
    this.dataSource.logger = this.usual;
    return this.statements;
  }
}
