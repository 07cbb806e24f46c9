// better-auth on Node's own HTTP server, without anything in between. The library is a parameter, since each of the two
// measured versions is resolved from its own folder.
import { once } from 'node:events';
import { createServer } from 'node:http';

import Database from 'better-sqlite3';
import pg from 'pg';

import { keepConnections } from '../support/serve.mjs';
import { tune } from '../support/sqlite.mjs';

function open({ orm, url }) {
  if (orm.type === 'postgres') return new pg.Pool({ connectionString: url });
  const database = new Database(orm.database);
  tune(database);
  return database;
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** @param library `betterAuth`, `getMigrations`, `fromNodeHeaders` and `toNodeHandler` of one version */
export async function startBetterAuth(library, plugins, settings) {
  const server = createServer();
  keepConnections(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}`;
  const auth = library.betterAuth({
    baseURL: url,
    secret: 'a secret for measuring, of 32 bytes or more',
    database: open(settings),
    // No contender hashes passwords here: that would dominate everything else.
    emailAndPassword: {
      enabled: true,
      password: {
        hash: (password) => Promise.resolve(password),
        verify: ({ hash, password }) => Promise.resolve(hash === password),
      },
    },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { level: 'error' },
    plugins,
  });
  const { runMigrations } = await library.getMigrations(auth.options);
  await runMigrations();
  const handle = library.toNodeHandler(auth);
  server.on('request', async (request, response) => {
    if (request.url === '/open') return answer(response, 200, { ok: true });
    if (request.url !== '/guarded') return handle(request, response);
    const session = await auth.api.getSession({ headers: library.fromNodeHeaders(request.headers) });
    return session ? answer(response, 200, { ok: true }) : answer(response, 401, {});
  });
  return { url };
}
