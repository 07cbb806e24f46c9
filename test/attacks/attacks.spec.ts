import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { ATTACKS, ATTACK_CLASSES } from 'nestjs-mfa/attacks';

describe('the list of attacks', () => {
  it('has at least one for each of the sixty classes', () => {
    const covered = new Set(ATTACKS.flatMap(({ classes }) => classes));
    const numbers = Object.keys(ATTACK_CLASSES).map(Number);
    expect(numbers).toEqual(Array.from({ length: 60 }, (_, nth) => nth + 1));
    expect(numbers.filter((number) => !covered.has(number))).toEqual([]);
    expect([...covered].filter((number) => !(number in ATTACK_CLASSES))).toEqual([]);
  });

  it('gives each an id of its own, and tells a person what to do where it can’t be made', () => {
    expect(new Set(ATTACKS.map(({ id }) => id)).size).toBe(ATTACKS.length);
    for (const one of ATTACKS) {
      expect(one.id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect([one.id, 'run' in one || one.lookAt !== undefined]).toEqual([one.id, true]);
      expect([one.id, one.sources.length > 0]).toEqual([one.id, true]);
      for (const sentence of [one.gain, one.mend, ...(one.lookAt === undefined ? [] : [one.lookAt])])
        expect(sentence).toMatch(/^[A-Z`].*\.$/s);
    }
  });

  it('leaves no attack to a person without the guide’s saying why', () => {
    const [, section = ''] = /## What can't be attacked from outside\n(.*?)\n## /s.exec(
      readFileSync('docs/attacks.md', 'utf8'),
    ) ?? [''];
    const named = [...section.matchAll(/^\|[^|]*\| `([a-z-]+)`/gm)].map(([, id = '']) => id);
    const byHand = ATTACKS.filter((one) => !('run' in one)).map(({ id }) => id);
    expect(named.sort()).toEqual(byHand.sort());
  });

  it('says of each that needs something of the target what else to do', () => {
    const mute = ATTACKS.filter(({ needs, lookAt, classes }) => needs && !lookAt && !classes.includes(60));
    expect(mute.map(({ id }) => id)).toEqual([]);
  });

  it('takes neither Nest nor TypeORM along', async () => {
    const entry = join(import.meta.dirname, '../../libs/mfa/src/attacks/index.ts');
    const { metafile } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      packages: 'external',
      format: 'esm',
    });
    const [output] = Object.values(metafile.outputs);
    const imported = output?.imports.map(({ path }) => path).filter((path) => !path.startsWith('node:'));
    expect([...new Set(imported)].sort()).toEqual([
      '@otplib/core',
      '@otplib/plugin-crypto-node',
      '@otplib/totp',
      'escape-html',
      'rfc4648',
    ]);
  });
});
