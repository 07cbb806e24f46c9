import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Render, UseGuards, UseInterceptors } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { MfaSessionGuard, MfaViewInterceptor, MfaViewService } from 'nestjs-mfa';

import { rowsOf } from '../support/databases.js';
import type { TestApp } from '../support/test-app.js';
import { enroll, newUserId, startTestApp } from '../support/test-app.js';

type Data = Record<string, unknown>;

const at = (data: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, key) => (value as Data | null | undefined)?.[key], data);

/** As much of Handlebars as the template needs. */
function render(template: string, data: Data): string {
  return template
    .replace(/\{\{#each ([\w.]+)\}\}\n([\s\S]*?)\{\{\/each\}\}\n/g, (_, path: string, row: string) =>
      ((at(data, path) as Data[] | undefined) ?? []).map((one) => render(row, one)).join(''),
    )
    .replace(
      /\{\{#if ([\w.]+)\}\}(.*?)\{\{else\}\}(.*?)\{\{\/if\}\}/g,
      (_, path: string, yes: string, no: string) => (at(data, path) ? yes : no),
    )
    .replace(/\{\{([\w.]+)\}\}/g, (_, path: string) => {
      const value = at(data, path);
      return value instanceof Date ? value.toISOString().slice(0, 10) : String(value);
    });
}

@Controller('profile')
@UseInterceptors(MfaViewInterceptor)
class ProfileController {
  @Get()
  @UseGuards(MfaSessionGuard)
  @Render('profile')
  profile(): object {
    return { user: 'Ada' };
  }

  @Get('public')
  @Render('profile')
  open(): object {
    return { user: 'nobody' };
  }
}

describe('a view of the application’s own', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      mfa: { pages: true, locales: ['en', 'de'] },
      controllers: [ProfileController],
      configure: (app) => {
        const express = app as NestExpressApplication;
        express.engine('tpl', (path: string, data: object, done: (error: unknown, html?: string) => void) => {
          done(null, render(readFileSync(path, 'utf8'), data as Data));
        });
        express.setViewEngine('tpl');
        express.setBaseViewsDir(resolve('test/fixtures'));
      },
    });
  });
  afterAll(() => test.close());

  it('shows how its user stands, with type names, dates and links', async () => {
    const client = test.client();
    await client.post('/login', { id: newUserId() });
    expect((await client.get('/profile')).text).toContain('Two-factor authentication is off.');
    const user = await enroll(test, { locale: 'de' });
    const { text } = await user.client.get('/profile');
    const today = new Date(test.clock.now()).toISOString().slice(0, 10);
    expect(text).toContain('Two-factor authentication is on.');
    expect(text).toContain(`<li>Authenticator-App: Authenticator app, since ${today}</li>`);
    expect(text).toContain('<a href="/account/security">Account security</a>');
    expect(text).toContain('<a href="/account/security/recovery-codes">10 recovery codes</a>');
    expect(text).not.toContain('recovery_codes');
  });

  it('lists what the user has but nobody can prove any more', async () => {
    const user = await enroll(test);
    const sql = "UPDATE mfa_authenticator SET type = 'retired' WHERE id = ?";
    await rowsOf(test.dataSource, sql, [user.authenticatorId]);
    const { text } = await user.client.get('/profile');
    expect(text).toContain('Two-factor authentication is on.');
    expect(text).toContain('<li>retired: Authenticator app, since');
  });

  it('knows nothing of a visitor, and no links where there are no pages', async () => {
    expect((await test.client().get('/profile/public')).text).toContain('Two-factor authentication is off.');
    const without = await startTestApp();
    const { client } = await enroll(without);
    const headers = { cookie: [...client.cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
    await expect(without.app.get(MfaViewService).dataOf({ headers, method: 'GET' })).resolves.toMatchObject({
      enabled: true,
      links: null,
      authenticators: [{ type: 'totp', typeName: 'Authenticator app', locked: false }],
    });
    await without.close();
  });
});
