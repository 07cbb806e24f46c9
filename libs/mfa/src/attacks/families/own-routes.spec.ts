import { readFileSync } from 'node:fs';

import { describe, expect, it } from '@jest/globals';

import { RECENT_ROUTES, SIGNED_IN_ROUTES } from './own-routes.js';

/** Generated from the controllers; `test/openapi` fails if it is outdated. */
const DOCUMENT = new URL('../../../../../docs/openapi.json', import.meta.url);

describe('the routes that attacks try', () => {
  const { paths } = JSON.parse(readFileSync(DOCUMENT, 'utf8')) as {
    paths: Record<string, Record<string, { description?: string }>>;
  };
  const operations = Object.entries(paths)
    .filter(([path]) => path.startsWith('/mfa/'))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { description = '' }]) => ({
        route: `${method.toUpperCase()} ${path.slice('/mfa'.length)}`,
        description,
      })),
    );
  const needing = (need: string) =>
    operations.filter(({ description }) => description.includes(need)).map(({ route }) => route);

  it('are all that need a signed-in user, or a fresh proof', () => {
    expect([...SIGNED_IN_ROUTES].sort()).toEqual(needing('Needs a signed-in user.').sort());
    expect([...RECENT_ROUTES].sort()).toEqual(needing('Needs a recent proof').sort());
  });

  it('leave out none but those that need less', () => {
    const others = ['Needs no session.', 'Needs a session,', 'Needs a sign-in that waits'].flatMap(needing);
    const routes = operations.map(({ route }) => route);
    expect([...SIGNED_IN_ROUTES, ...RECENT_ROUTES, ...others].sort()).toEqual(routes.sort());
  });
});
