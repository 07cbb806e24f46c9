import { describe, expect, it } from '@jest/globals';
import { ApplicationConfig } from '@nestjs/core';

import { resolveStructure } from '../module/structural-options.js';
import { MfaPageLinks } from './page-links.js';

describe('the address that browsers see', () => {
  it.each([
    ['/app/account/security', '/reports?x=1', '/app/reports?x=1'],
    ['/app/account/security', '/account/security?x=1', '/app/account/security?x=1'],
    ['/security', '/account/security/totp/add', '/security/totp/add'],
    ['/security', '/accounts/x', '/accounts/x'],
    ['/security', '/reports', '/reports'],
    ['/me', '/account/security', '/me'],
    ['/me', '/account/securityx', '/account/securityx'],
    ['/me', '/reports', '/reports'],
    ['/', '/account/security', '/'],
    ['/', '/account/security?x=1', '/?x=1'],
    ['/', '/account/security/enrol', '/enrol'],
  ])('with the public path %s of %s is %s', (publicPath, path, seen) => {
    const { pages } = resolveStructure({ pages: { publicPath } });
    expect(new MfaPageLinks(pages, 'mfa', new ApplicationConfig()).publicPathOf(path)).toBe(seen);
  });
});
