// MariaDB Galera: three nodes on this machine, each with an instance of the demo. What counts once must count once
// among all of them, what ends on one must have ended on the others, and killing a node must lose nothing that was
// confirmed. Exits with 1 when anything differs.
//
//   npm run build && node tools/galera.mjs
import { killUnderLoad } from './galera/kill.mjs';
import { printResults } from './instances/load.mjs';
import { measure } from './instances/measure.mjs';

const { server, seconds, results } = await measure('galera', 3);
let wrong = printResults(`3 processes on ${server}, ${seconds} s`, results);
const killed = await killUnderLoad();
wrong += printResults(`A node killed under load (${killed.answers})`, killed.results);
process.stdout.write(wrong === 0 ? 'Everything as it should be.\n' : `${wrong} results are wrong.\n`);
process.exitCode = wrong === 0 ? 0 : 1;
