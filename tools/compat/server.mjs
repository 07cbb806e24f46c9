import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';

let port = 20_000 + (process.pid % 20_000);

/**
 * Starts the application, waits until it responds, does the work and stops it.
 *
 * @param words the arguments of Node.js
 * @param work is called with the URL, and a function that returns the application's output
 * @throws {Error} with the end of the output, when anything fails
 */
export async function withServer({ application, env, words }, work) {
  port += 1;
  const url = `http://localhost:${port}`;
  const server = spawn('node', words, {
    cwd: application,
    env: { ...env, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (data) => (printed += data));
  const gone = once(server, 'exit');
  try {
    await untilItAnswers(url, () => server.exitCode !== null);
    await work(url, () => printed);
  } catch (error) {
    throw new Error(`${error.message}\n${printed.slice(-4000)}`, { cause: error });
  } finally {
    server.kill('SIGTERM');
    const late = setTimeout(() => server.kill('SIGKILL'), 10_000);
    await gone;
    clearTimeout(late);
  }
}

async function untilItAnswers(url, hasEnded) {
  for (let tried = 0; tried < 300 && !hasEnded(); tried++) {
    try {
      return await fetch(`${url}/me`);
    } catch {
      await wait(200);
    }
  }
  throw new Error('The application does not answer');
}
