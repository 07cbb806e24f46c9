import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { checkPackages } from './check-packages.js';

describe('the packages of an application', () => {
  let folder = '';
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'nestjs-mfa-packages-')));
    install('nestjs-mfa', '0.1.0', {
      engines: { node: '^20.19.0 || >=24.0.0' },
      peerDependencies: {
        '@nestjs/common': '^11.0.1 || ^12.0.0',
        '@nestjs/core': '^11.0.1 || ^12.0.0',
        '@nestjs/typeorm': '^11.0.1 || ^12.0.0',
        typeorm: '^0.3.23 || ^1.0.0',
      },
    });
    for (const name of ['common', 'core', 'typeorm']) install(`@nestjs/${name}`, '11.2.0');
    install('typeorm', '0.3.31');
    for (const name of ['class-validator', 'class-transformer', 'reflect-metadata']) install(name, '0.5.0');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function install(name: string, version: string, more: object = {}, under = '') {
    const at = join(folder, under, 'node_modules', name);
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, 'package.json'), JSON.stringify({ name, version, ...more }));
  }

  const bad = (node = '20.19.0') => checkPackages(folder, node).filter(({ kind }) => kind !== 'fine');

  it('are fine', () => {
    expect(bad()).toEqual([]);
    expect(checkPackages(folder, '20.19.0')).toContainEqual({
      kind: 'fine',
      what: 'typeorm 0.3.31, one copy',
    });
  });

  it.each([
    ['typeorm', '0.3.22', /0\.3\.22 is not supported/],
    ['typeorm', '0.4.0', /0\.4\.0 is not supported/],
    ['@nestjs/core', '10.4.0', /@nestjs\/core 10\.4\.0 is not supported/],
    ['@nestjs/common', '13.0.0', /13\.0\.0 is not supported/],
  ])('are not: %s %s', (name, version, expected) => {
    install(name, version);
    expect(bad()).toEqual([
      { kind: 'problem', what: expect.stringMatching(expected), remedy: expect.stringContaining('||') },
    ]);
  });

  it('include a Node.js that is supported', () => {
    for (const version of ['18.20.0', '20.18.3', '22.0.0']) expect(bad(version)).toHaveLength(1);
    for (const version of ['20.20.2', '24.0.0', '26.1.0']) expect(bad(version)).toEqual([]);
  });

  it.each(['typeorm', '@nestjs/common'])('have one copy of %s', (name) => {
    install(name, '1.1.0', {}, 'node_modules/nestjs-mfa');
    expect(bad()).toMatchObject([
      { kind: 'problem', what: expect.stringContaining(`two copies of ${name}`) },
    ]);
  });

  it.each(['typeorm', 'class-validator'])('lack %s', (name) => {
    rmSync(join(folder, 'node_modules', name), { recursive: true });
    expect(bad()).toMatchObject([{ kind: 'problem', remedy: `npm install ${name}` }]);
  });

  it('lack the module itself', () => {
    rmSync(join(folder, 'node_modules'), { recursive: true });
    expect(bad()).toMatchObject([{ remedy: 'npm install nestjs-mfa' }]);
  });
});
