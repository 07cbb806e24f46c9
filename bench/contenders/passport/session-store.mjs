import { EntitySchema } from 'typeorm';
import session from 'express-session';

export const StoredSession = new EntitySchema({
  name: 'http_session',
  columns: {
    sid: { type: 'varchar', primary: true },
    data: { type: 'text' },
    expiresAt: { type: 'bigint' },
  },
});

const LIFETIME_MS = 14 * 86_400_000;

/**
 * Stores sessions in the same database as the other contenders. It has no `touch`: a request that changes nothing
 * writes nothing.
 */
export class DatabaseStore extends session.Store {
  constructor(dataSource) {
    super();
    this.rows = dataSource.getRepository(StoredSession);
  }

  get(sid, done) {
    this.rows.findOneBy({ sid }).then((row) => {
      done(null, row && Number(row.expiresAt) > Date.now() ? JSON.parse(row.data) : null);
    }, done);
  }

  set(sid, value, done) {
    const row = { sid, data: JSON.stringify(value), expiresAt: Date.now() + LIFETIME_MS };
    this.rows.upsert(row, ['sid']).then(() => done(null), done);
  }

  destroy(sid, done) {
    this.rows.delete({ sid }).then(() => done(null), done);
  }
}
