/** @jest-environment-options {"ownModules": true} */
import { readFileSync, writeFileSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AttackTarget } from 'nestjs-mfa/attacks';

import type { TestCli } from '../support/cli.js';
import { testCli } from '../support/cli.js';
import { startDemo } from '../support/demo-app.js';
import type { Fault } from './vulnerable/faults.js';
import { VulnerableApp } from './vulnerable/vulnerable-app.js';
import { vulnerableTarget } from './vulnerable/vulnerable-target.js';

describe('nestjs-mfa attack', () => {
  let cli: TestCli;
  let app: VulnerableApp | undefined;
  const { exitCode } = process;
  beforeEach(() => {
    // The command knows applications from outside: it never asks for their module.
    cli = testCli(() => {
      throw new Error('The module was loaded');
    });
    process.exitCode = undefined;
  });
  afterEach(() => {
    process.exitCode = exitCode;
    app?.stop();
    cli.remove();
  });

  /** The file that a team writes, here about the vulnerable application. */
  const configFor = async (change: Partial<AttackTarget> = {}, ...faults: Fault[]) => {
    app = await new VulnerableApp(...faults).start();
    Object.assign(globalThis, { attackTarget: { ...vulnerableTarget(app), ...change } });
    const file = cli.path('attacks.config.mjs');
    writeFileSync(file, 'export default () => globalThis.attackTarget;\n');
    return file;
  };
  const only = ['--only', 'half-finished-sign-in', 'replayed-totp-code'];

  it('does with the guide’s file what the guide says', async () => {
    const { app: demo, url } = await startDemo();
    try {
      const [, example = ''] = /```js\n(.*?)```\n/s.exec(readFileSync('docs/attacks.md', 'utf8')) ?? [];
      const file = cli.path('attacks.config.mjs');
      writeFileSync(file, example.replace('https://staging.example.com', url));
      const text = await cli.run('attack', file, ...only);
      expect(text).toContain('our staging system: 2 attacks');
      expect(text).toContain('0 fell, 0 unclear');
      expect(process.exitCode).toBeUndefined();
    } finally {
      await demo.close();
    }
    // It has no clock that could be moved, so it waits for the next code of the app.
  }, 90_000);

  it('says that it has held, and leaves the reports', async () => {
    const [html, junit] = [cli.path('report.html'), cli.path('report.xml')];
    const config = await configFor();
    const text = await cli.run('attack', config, '--html', html, '--junit', junit, ...only);
    expect(text).toContain('0 fell, 0 unclear, 0 for you to check, 2 held, 0 not applicable');
    expect(process.exitCode).toBeUndefined();
    expect(readFileSync(html, 'utf8')).toMatch(/^<!doctype html>/);
    expect(readFileSync(junit, 'utf8')).toContain('tests="2" failures="0" errors="0" skipped="0"');
  });

  it('exits with 1 when an attack got through', async () => {
    const config = await configFor({}, 'forgets-steps');
    expect(await cli.run('attack', config, ...only)).toContain('FELL (1)\n  P0 replayed-totp-code');
    expect(process.exitCode).toBe(1);
  });

  it('exits with 2 when nothing is known', async () => {
    const config = await configFor({ protectedRoute: '/wrong' });
    expect(await cli.run('attack', config, ...only)).toContain('Nothing could be attacked.');
    expect(process.exitCode).toBe(2);
  });

  it('lists the attacks', async () => {
    expect(await cli.run('attack', '--list')).toMatch(
      /^P0 replayed-totp-code +A code of an authenticator app/m,
    );
  });

  it.each<[string, Partial<AttackTarget>, RegExp]>([
    ['may not be attacked', { iMayAttackThis: false }, /iMayAttackThis: true/],
    ['is described badly', { baseUrl: '' }, /lacks `baseUrl`/],
  ])('refuses a target that %s', async (_, change, message) => {
    await expect(cli.run('attack', await configFor(change))).rejects.toThrow(message);
  });

  it('refuses a file without a target, and no file', async () => {
    const file = cli.path('empty.mjs');
    writeFileSync(file, 'export const target = {};\n');
    await expect(cli.run('attack', file)).rejects.toThrow(/no default export that describes a target/);
    await expect(cli.run('attack')).rejects.toThrow(/file that describes the target/);
  });
});
