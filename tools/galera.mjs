// MariaDB Galera: three nodes on this machine, an instance of the demo on each. What counts once counts once among all of them, what
// one has ended is over at the others, and a node that is killed takes nothing along that was answered. Exits with 1 when anything differs.
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
