// Starts the demo application, building it first if there is no build or the sources are newer. Whoever starts it wants
// to see it: types are for `npm run build` to check.
import { spawnSync } from 'node:child_process';

import { ROOT, isBuilt } from './support/built.mjs';

if (!isBuilt('libs/mfa') || !isBuilt('apps/demo')) {
  const built = spawnSync('npm', ['run', 'build', '--', '--demo'], {
    cwd: ROOT,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (built.status !== 0) process.exit(built.status ?? 1);
}
// npm passes SIGTERM to its shell, whose end would leave this process running: so exit when the parent is gone.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
}, 200).unref();

await import('../apps/demo/dist/main.js');
