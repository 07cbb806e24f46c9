import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const WWW = fileURLToPath(new URL('./dist/www', import.meta.url));
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.json': 'application/json',
};

/** The file for a path on the site, or null. */
export function fileOf(path) {
  const file = join(WWW, decodeURIComponent(path));
  const found = existsSync(file) && statSync(file).isDirectory() ? join(file, 'index.html') : file;
  return [found, `${found}.html`].find((one) => existsSync(one) && statSync(one).isFile()) ?? null;
}

/** Serves the built site on loopback, like any static web server. */
export async function serve(port = 0) {
  const server = createServer((request, response) => {
    const file = fileOf(new URL(request.url, 'http://localhost').pathname);
    response.writeHead(file ? 200 : 404, { 'content-type': TYPES[extname(file ?? '')] ?? 'text/plain' });
    if (file) createReadStream(file).pipe(response);
    else response.end('Not found');
  });
  await new Promise((listening) => server.listen(port, '127.0.0.1', listening));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(`${(await serve(4173)).url}\n`);
