import { describe, expect, it } from '@jest/globals';
import type { CanActivate, INestApplication } from '@nestjs/common';
import { Controller, Get, Injectable, VersioningType } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';

import { PLATFORMS } from '../../support/platforms.js';
import { RELYING_PARTY } from '../../support/test-app.js';
import type { TransportAppOptions } from '../../transports/support/transport-app.js';
import { startTransportApp } from '../../transports/support/transport-app.js';

const RELATED = 'https://example.org';
const webauthn = { ...RELYING_PARTY, origins: [...RELYING_PARTY.origins, RELATED] };

@Injectable()
class NobodyGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

/** What a single-page application has for all other paths. */
@Controller()
class EverythingController {
  @Get('*')
  index(): string {
    return 'index.html';
  }
}

const APPLICATIONS: Record<string, TransportAppOptions & { configure?: (app: INestApplication) => void }> = {
  'as it is': {},
  'with a global prefix': { configure: (app) => void app.setGlobalPrefix('api') },
  'with a global prefix that spares other paths': {
    configure: (app) => void app.setGlobalPrefix('api', { exclude: ['health'] }),
  },
  'with versions in the path': {
    configure: (app) =>
      void app.setGlobalPrefix('api').enableVersioning({ type: VersioningType.URI, defaultVersion: '1' }),
  },
  'with versions in a header': {
    configure: (app) =>
      void app.enableVersioning({ type: VersioningType.HEADER, header: 'x-v', defaultVersion: '1' }),
  },
  'that lets nobody in': { providers: [{ provide: APP_GUARD, useClass: NobodyGuard }] },
  'that answers every path': { controllers: [EverythingController] },
};

describe.each(Object.entries(PLATFORMS))('what is well known, on %s', (_, createOn) => {
  it.each(Object.entries(APPLICATIONS))('is at the root of an application %s', async (_name, options) => {
    const test = await startTransportApp({
      ...options,
      create: createOn(),
      mfa: { webauthn, pages: true },
    });
    const client = test.client({ 'x-v': '1' });
    const related = await client.get('/.well-known/webauthn');
    expect([related.status, related.body]).toEqual([200, { origins: [RELATED] }]);
    expect(related.headers.get('content-type')).toMatch(/^application\/json/);
    expect(related.headers.get('cache-control')).toBe('no-store');

    const passkeys = await client.get('/.well-known/passkey-endpoints');
    expect(passkeys.status).toBe(200);
    expect(passkeys.headers.get('content-type')).toMatch(/^application\/json/);
    const { enroll, manage } = passkeys.body;
    expect(manage).toMatch(/^https:\/\/app\.example\.com(?:\/api)?\/account\/security$/);
    expect(enroll).toBe(`${manage}/webauthn/add`);
    await test.close();
  });

  it('names the pages where they are, on an origin of the options and no other', async () => {
    const test = await startTransportApp({
      create: createOn(),
      mfa: { webauthn, pages: { publicPath: '/app/security' } },
      configure: (app) => void app.setGlobalPrefix('api'),
    });
    const evil = { 'x-forwarded-host': 'evil.example', origin: 'https://evil.example' };
    expect((await test.client(evil).get('/.well-known/passkey-endpoints')).body).toEqual({
      enroll: 'https://app.example.com/app/security/webauthn/add',
      manage: 'https://app.example.com/app/security',
    });
    await test.close();
  });

  it('prefers the configured origin that was asked', async () => {
    const test = await startTransportApp({
      create: createOn({ trustProxy: true }),
      mfa: { webauthn, pages: true },
    });
    const asked = await test
      .client({ 'x-forwarded-host': 'example.org' })
      .get('/.well-known/passkey-endpoints');
    expect(asked.body.manage).toBe('https://example.org/account/security');
    await test.close();
  });

  it.each([
    ['without pages', { webauthn: RELYING_PARTY }],
    ['without keys', { webauthn: RELYING_PARTY, supportedTypes: ['totp' as const], pages: true }],
    ['without a relying party', { supportedTypes: ['totp' as const], pages: true }],
  ])('has nothing %s', async (_name, mfa) => {
    const test = await startTransportApp({ create: createOn(), mfa });
    for (const path of ['webauthn', 'passkey-endpoints']) {
      const { status, body } = await test.client().get(`/.well-known/${path}`);
      expect([status, body.code]).toEqual([404, 'not_found']);
    }
    await test.close();
  });

  it('is not there without the routes', async () => {
    const test = await startTransportApp({ create: createOn(), mfa: { webauthn, controllers: false } });
    expect((await test.client().get('/.well-known/webauthn')).body.code).toBeUndefined();
    await test.close();
  });
});
