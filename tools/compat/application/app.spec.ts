import { createHmac } from 'node:crypto';
import type { AddressInfo } from 'node:net';

import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { MfaAdminService } from 'nestjs-mfa';

import { AppModule } from './app.module.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 6238 with SHA-1, six digits and steps of 30 seconds. */
function codeOf(secret: string): string {
  const bits = [...secret].map((one) => ALPHABET.indexOf(one).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac('sha1', key).update(counter).digest();
  const offset = mac[19]! & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

describe('an application with nestjs-mfa', () => {
  let app: INestApplication;
  let url: string;
  let cookie = '';

  async function call(method: string, path: string, body?: object) {
    const response = await fetch(url + path, {
      method,
      headers: { cookie, ...(body ? { 'content-type': 'application/json' } : {}) },
      body: body && JSON.stringify(body),
    });
    for (const set of response.headers.getSetCookie()) cookie = set.split(';')[0]!;
    const text = await response.text();
    return { status: response.status, body: text ? JSON.parse(text) : {} };
  }

  beforeAll(async () => {
    const made = await Test.createTestingModule({ imports: [AppModule] }).compile();
    app = made.createNestApplication();
    await app.listen(0);
    url = `http://localhost:${(app.getHttpServer().address() as AddressInfo).port}`;
  }, 60_000);
  afterAll(() => app.close());

  it('sets up an authenticator app, and asks for it', async () => {
    const credentials = { email: 'ada@example.com', password: 'correct horse battery' };
    await call('POST', '/auth/register', credentials);
    expect((await call('POST', '/auth/login', credentials)).body.status).toBe('authenticated');
    expect((await call('GET', '/reports')).body.code).toBe('mfa_enrollment_required');
    const { secret } = (await call('POST', '/mfa/totp')).body;
    const activated = await call('POST', '/mfa/totp/activate', { code: codeOf(secret) });
    expect(activated.status).toBe(201);
    expect((await call('GET', '/reports')).status).toBe(200);
    cookie = '';
    expect((await call('POST', '/auth/login', credentials)).body.status).toBe('mfa_required');
    const [code] = activated.body.recoveryCodes;
    expect((await call('POST', '/mfa/authenticate', { code })).status).toBe(200);
    expect((await call('GET', '/reports')).status).toBe(200);
    expect(await app.get(MfaAdminService).status('ada@example.com')).toMatchObject({ enabled: true });
  }, 60_000);
});
