import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { findPackageName } from './package-name.js';

describe('the name of the application’s package', () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'package-name-'));
    const files: Record<string, string> = {
      'shop/package.json': '{"name":"@acme/shop"}',
      'shop/dist/main.js': '',
      'shop/dist/package.json': '{"type":"commonjs"}',
      'shop/node_modules/pm2/package.json': '{"name":"pm2"}',
      'shop/node_modules/pm2/lib/run.js': '',
      'broken/package.json': '{"name":',
      'broken/nested/package.json': '{"name":7}',
    };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, path, '..'), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it('is that of the script which was started, without a scope, past what has no name', () => {
    expect(findPackageName(join(root, 'shop/dist/main.js'), '/')).toBe('shop');
    expect(findPackageName(join(root, 'shop/dist/main'), '/')).toBe('shop');
  });

  it('is that of the working directory when a runner was started, or nothing is known', () => {
    expect(findPackageName(join(root, 'shop/node_modules/pm2/lib/run.js'), join(root, 'shop/dist'))).toBe(
      'shop',
    );
    const before = process.argv[1];
    process.argv.length = 1;
    expect(findPackageName(undefined, join(root, 'shop'))).toBe('shop');
    if (before !== undefined) process.argv[1] = before;
  });

  it('is none where no package has one', () => {
    expect(findPackageName(join(root, 'broken/nested/main.js'), '/')).toBeUndefined();
  });
});
