import { statSync } from 'node:fs';

import { safeNext } from '../../core/web/next-path.js';
import type { MfaLayout } from './page-props.js';
import type { MfaPagesOptions } from './pages-options.js';
import type { PageAddresses } from '../../options/addresses.js';
import { MfaOptionsError } from '../../options/options-error.js';
import type { Problems } from '../../options/problems.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';
import { PUBLIC_PATH, ROUTE_PATH } from '../../options/route-paths.js';

/** The resolved option `pages`. */
export interface ResolvedPages extends PageAddresses {
  templatesDir: string | null;
  layout: MfaLayout | null;
  stylesheet: string | null;
  icon: string | null;
}

/** Resolves the option `pages`; null if it is off. */
export function resolvePages(
  problems: Problems,
  { pages, controllers }: { pages?: boolean | MfaPagesOptions; controllers?: boolean },
): ResolvedPages | null {
  if (pages === undefined || pages === false) return null;
  const given = pages === true ? {} : problems.group('pages', pages);
  const known = ['path', 'publicPath', 'templatesDir', 'layout', 'stylesheet', 'icon', 'loginUrl', 'homeUrl'];
  problems.onlyKnown('pages.', given, known);
  if (controllers === false) {
    problems.add('`pages` needs `controllers`: the pages use the JSON routes for keys and passkeys');
  }
  const ownPath = <T extends string | null>(name: string, fallback: T): string | T => {
    if (given[name] === undefined) return fallback;
    // Normalized, since a header can only contain the characters of a URL.
    const path = safeNext(given[name]);
    if (path === null) problems.add(`\`pages.${name}\` must be a path of your site, such as /login`);
    return path ?? fallback;
  };
  const path = problems.text(
    'pages.path',
    given['path'],
    'account/security',
    ROUTE_PATH,
    'a path such as /account/security',
  );
  const publicPath = problems.text(
    'pages.publicPath',
    given['publicPath'],
    undefined,
    PUBLIC_PATH,
    'a path such as /app/account/security, or / for the root',
  );
  return {
    path: path.replace(/^\/|\/$/g, ''),
    publicPath: publicPath?.replace(/\/$/, '') ?? null,
    templatesDir: resolveFolder(problems, given['templatesDir']),
    layout: resolveLayout(problems, given['layout']),
    stylesheet: ownPath('stylesheet', null),
    icon: ownPath('icon', null),
    loginUrl: ownPath('loginUrl', null),
    homeUrl: ownPath('homeUrl', '/'),
  };
}

/**
 * Rejects options with which nobody could use the pages.
 *
 * @throws {MfaOptionsError}
 */
export function assertPagesWork(pages: ResolvedPages | null, session: ResolvedMfaOptions['session']): void {
  if (pages === null || session.cookie !== false) return;
  throw new MfaOptionsError([
    '`pages` need `session.cookie`: browsers that go from page to page send no header. Remove `session.cookie: false`, or `pages`',
  ]);
}

function resolveFolder(problems: Problems, given: unknown): string | null {
  if (given === undefined) return null;
  const isFolder = typeof given === 'string' && statSync(given, { throwIfNoEntry: false })?.isDirectory();
  if (!isFolder) problems.add('`pages.templatesDir` must be an existing folder');
  return isFolder ? given : null;
}

function resolveLayout(problems: Problems, given: unknown): MfaLayout | null {
  if (given === undefined) return null;
  if (typeof given === 'function') return given as MfaLayout;
  problems.add('`pages.layout` must be a component: a function that returns markup');
  return null;
}
