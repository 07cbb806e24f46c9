// Starts the demo application; builds first when there is no build or the sources are newer.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const projects = ['libs/mfa', 'apps/demo'].map((project) => join(root, project));

function newest(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((time, entry) => Math.max(time, statSync(join(entry.parentPath, entry.name)).mtimeMs), 0);
}

function isStale(project) {
  const entry = join(project, 'dist', project.endsWith('demo') ? 'main.js' : 'index.js');
  return !existsSync(entry) || statSync(entry).mtimeMs < newest(join(project, 'src'));
}

if (projects.some(isStale)) {
  const built = spawnSync('npm', ['run', 'build'], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (built.status !== 0) process.exit(built.status ?? 1);
}
// npm passes SIGTERM on to its shell, and a shell that it ends leaves this process behind: then this one ends too.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
}, 200).unref();

await import('../apps/demo/dist/main.js');
