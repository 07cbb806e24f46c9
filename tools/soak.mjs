// An hour of many users in ten minutes: whether memory stays constant and tables stay small under load, and what
// happens to requests when the database is slow or unresponsive. Exits with 1 when anything isn't as it should be.
//
//   npm run build && node tools/soak.mjs [--minutes 10] [--connections 500] [--engine postgres|mariadb]
//
// Uses the server specified by PGHOST, PGPORT, PGUSER, PGPASSWORD or MYSQL_HOST, MYSQL_PORT, MYSQL_USER,
// MYSQL_PASSWORD.
import { parseArgs } from 'node:util';

import { measure } from './soak/measure.mjs';
import { printReport } from './soak/report.mjs';

const ENGINES = ['postgres', 'mariadb'];

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    connections: { type: 'string', default: '500' },
    engine: { type: 'string', default: 'postgres' },
  },
});
const minutes = Number(values.minutes);
const connections = Number(values.connections);
if (!(minutes >= 3)) throw new Error(`--minutes must be 3 or more: ${values.minutes}`);
if (!(Number.isInteger(connections) && connections >= 20))
  throw new Error(`--connections must be a whole number from 20: ${values.connections}`);
if (!ENGINES.includes(values.engine)) throw new Error(`--engine must be one of ${ENGINES.join(', ')}`);

const wrong = printReport(await measure({ engine: values.engine, minutes, connections }));
process.exitCode = wrong === 0 ? 0 : 1;
