import { spawn } from 'node:child_process';

/**
 * Runs a program to completion.
 *
 * @returns its output
 * @throws {Error} with the end of the output, when the program fails or takes more than twenty minutes
 */
export function run(command, words, { cwd, env = process.env }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
      timeout: 1_200_000,
    });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (printed += data));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(printed);
      else reject(new Error(`${command} ${words.join(' ')} in ${cwd}: ${code}\n${printed.slice(-4000)}`));
    });
  });
}
