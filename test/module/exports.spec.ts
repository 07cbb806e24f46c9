import { readFileSync, readdirSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';
import * as main from 'nestjs-mfa';

const SOURCES = 'libs/mfa/src';

/** The classes of the JSON routes, by the files of their kind. */
function classesOf(kind: 'controller' | 'dto'): string[] {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith(`.${kind}.ts`) && !/^(http|pages)\//.test(file),
  );
  return files.flatMap((file) =>
    [...readFileSync(`${SOURCES}/${file}`, 'utf8').matchAll(/^export class (\w+)/gm)].map(
      ([, name = '']) => name,
    ),
  );
}

describe('an application that mounts the routes itself', () => {
  it.each(['controller', 'dto'] as const)('finds each %s in the package', (kind) => {
    const classes = classesOf(kind);
    expect(classes.length).toBeGreaterThan(10);
    expect(classes.filter((name) => !(name in main))).toEqual([]);
  });
});
