import { parseArgs } from 'node:util';

import { FLOWS } from './driver/flows.mjs';

const SECTIONS = ['statements', 'load', 'in-process', 'start-up'];
const DATABASES = ['sqlite', 'postgres'];

const HELP = `npm run bench -- [options]

  --database <name>   ${DATABASES.join(' or ')} (PGHOST, PGPORT, PGUSER, PGPASSWORD)
  --rounds <n>        counted rounds, 7 by default
  --only <a,b>        some of ${[...Object.keys(FLOWS), ...SECTIONS].join(', ')};
                      statements are those of the flows that are named
  --rate <n>          requests a second of the fixed load, 200 by default
  --json <file>       writes everything that was seen
  --bars              says which of the project's bars are met
  --prepared          ours with the option storage.preparedStatements
  --quick             one round with few requests: whether it runs at all`;

function list(text, known) {
  const names = text.split(',');
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`--only takes ${known.join(', ')}, and not ${unknown.join(', ')}`);
  return names;
}

function natural(text, name) {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`--${name} takes a number`);
  return Number(text);
}

export function readOptions() {
  const text = { type: 'string' };
  const flag = { type: 'boolean', default: false };
  const { values } = parseArgs({
    options: {
      database: { ...text, default: 'sqlite' },
      rounds: { ...text, default: '7' },
      rate: { ...text, default: '200' },
      only: text,
      json: text,
      bars: flag,
      prepared: flag,
      quick: flag,
      help: flag,
    },
  });
  if (values.help) {
    process.stdout.write(`${HELP}\n`);
    process.exit();
  }
  if (!DATABASES.includes(values.database)) throw new Error(`--database takes ${DATABASES.join(' or ')}`);
  const all = [...Object.keys(FLOWS), ...SECTIONS];
  const only = values.only === undefined ? all : list(values.only, all);
  const isQuick = values.quick;
  return {
    database: values.database,
    json: values.json,
    storage: { preparedStatements: values.prepared },
    hasBars: values.bars,
    isQuick,
    flows: Object.keys(FLOWS).filter((name) => only.includes(name)),
    has: (section) => only.includes(section),
    rounds: isQuick ? 1 : natural(values.rounds, 'rounds'),
    warmUp: isQuick ? 0 : 2,
    users: isQuick ? 10 : 50,
    rate: natural(values.rate, 'rate'),
    loadRounds: isQuick ? 1 : 3,
    seconds: isQuick ? 1 : 3,
  };
}
