import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from '@jest/globals';

import { loadApplication } from './load-application.js';

describe('the application of the command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-load-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['exports.AppModule = class AppModule {};', undefined],
    [
      'Object.defineProperty(exports, "__esModule", { value: true }); exports.AppModule = class {};',
      undefined,
    ],
    ['Object.defineProperty(exports, "__esModule", { value: true }); exports.default = class {};', undefined],
    ['module.exports = class AppModule {};', undefined],
    ['module.exports = { module: class AppModule {} };', undefined],
    ['exports.other = 1; exports.RootModule = class RootModule {};', 'RootModule'],
  ])('starts a CommonJS application: %s', async (code, name) => {
    const file = join(folder, `app-${createHash('sha256').update(code).digest('hex')}.cjs`);
    writeFileSync(file, code);
    const application = await loadApplication(file, name);
    await application.close();
    await expect(loadApplication(file, 'Missing')).rejects.toThrow(/does not export Missing/);
  });

  it('says what is wrong with the file', async () => {
    await expect(loadApplication(join(folder, 'nothing.js'))).rejects.toThrow(/nothing\.js/);
    const app = join(folder, 'app.module.mjs');
    writeFileSync(app, 'export default () => null;\nexport const empty = null;\n');
    await expect(loadApplication(app, 'AppModule')).rejects.toThrow(
      /does not export AppModule; it exports default, empty/,
    );
  });
});
