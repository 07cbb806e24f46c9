import { statSync } from 'node:fs';

import type { MfaLayout } from '../pages/page-props.js';
import type { MfaStructuralOptions } from './mfa-options.js';
import type { Problems } from './problems.js';

/** Injection token of the {@link ResolvedPages}, or null without the option `pages`. */
export const MFA_PAGES = Symbol.for('nestjs-mfa:PAGES');

export interface ResolvedPages {
  /** Without slashes at its ends. */
  path: string;
  templatesDir: string | null;
  layout: MfaLayout | null;
  stylesheet: string | null;
  loginUrl: string | null;
  homeUrl: string;
}

const PATH = /^\/?[\w.~-]+(\/[\w.~-]+)*\/?$/;
/** A path of the same site: nothing that a browser could take for another host. */
const OWN_PATH = /^\/(?![/\\])[^\s\\]*$/;

/** The option `pages`; null when it is off. */
export function resolvePages(
  problems: Problems,
  { pages, controllers }: Pick<MfaStructuralOptions, 'pages' | 'controllers'>,
): ResolvedPages | null {
  if (pages === undefined || pages === false) return null;
  const given = pages === true ? {} : problems.group('pages', pages);
  const known = ['path', 'templatesDir', 'layout', 'stylesheet', 'loginUrl', 'homeUrl'];
  problems.onlyKnown('pages.', given, known);
  if (controllers === false) {
    problems.add('`pages` needs `controllers`: keys and passkeys are used through the JSON routes');
  }
  const ownPath = <T extends string | null>(name: string, fallback: T) =>
    problems.text(`pages.${name}`, given[name], fallback ?? undefined, OWN_PATH, 'a path of your site') ??
    fallback;
  const path = problems.text(
    'pages.path',
    given['path'],
    'account/security',
    PATH,
    'a path such as /account/security',
  );
  return {
    path: path.replace(/^\/|\/$/g, ''),
    templatesDir: resolveFolder(problems, given['templatesDir']),
    layout: resolveLayout(problems, given['layout']),
    stylesheet: ownPath('stylesheet', null),
    loginUrl: ownPath('loginUrl', null),
    homeUrl: ownPath('homeUrl', '/'),
  };
}

function resolveFolder(problems: Problems, given: unknown): string | null {
  if (given === undefined) return null;
  const isFolder = typeof given === 'string' && statSync(given, { throwIfNoEntry: false })?.isDirectory();
  if (!isFolder) problems.add('`pages.templatesDir` must be a folder that exists');
  return isFolder ? given : null;
}

function resolveLayout(problems: Problems, given: unknown): MfaLayout | null {
  if (given === undefined) return null;
  if (typeof given === 'function') return given as MfaLayout;
  problems.add('`pages.layout` must be a component: a function that returns markup');
  return null;
}
