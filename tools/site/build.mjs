// Builds the documentation site into tools/site/dist/www: static files for any web server. `SITE_BASE` is the path it
// is served from.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));

function run(command, ...words) {
  const { status } = spawnSync(command, words, {
    cwd: HERE,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(1);
}

if (!existsSync(`${HERE}/node_modules`)) run('npm', 'ci', '--no-audit', '--no-fund');
const { stage, stageApi } = await import('./stage.mjs');
stage();
run('npx', 'typedoc');
stageApi();
run('npx', 'vitepress', 'build');
const { writeSections } = await import('./search/sections.mjs');
writeSections();
