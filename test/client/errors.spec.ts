import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { All, Controller, Param } from '@nestjs/common';
import type { MfaErrorCode, MfaErrorDetails } from 'nestjs-mfa';
import { MFA_ERRORS, MfaException } from 'nestjs-mfa';
import { MfaClientError, createMfaClient, isMfaClientError } from 'nestjs-mfa/browser';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { TestApp } from '../support/test-app.js';
import { codeOf, enroll, halfSignIn, newUserId, startTestApp } from '../support/test-app.js';

const NEXT_CODE = new Date('2030-01-01T00:00:00.000Z');
const DETAILS: Partial<Record<MfaErrorCode, MfaErrorDetails>> = {
  mfa_required: { methods: ['totp', 'webauthn'], maxAge: 300, needs: { userVerified: true }, acr: 'phr' },
  mfa_enrollment_required: { methods: ['webauthn'], reason: 'other_factor_needed' },
  reauthentication_required: { maxAge: 300, reauthenticateUrl: '/login' },
  too_many_attempts: { retryAfter: 42 },
  webauthn_failed: { unknownCredential: { rpId: 'example.com', credentialId: 'AAAA' } },
  authenticator_locked: { unlock: { codesLeft: 2, nextCodeAt: NEXT_CODE } },
  invalid_request: { message: ['name must be a string', 'name must not be empty'] },
};
/** Where it is not that of the code. */
const MESSAGES: Partial<Record<MfaErrorCode, string>> = {
  mfa_enrollment_required: 'None of your second factors can be used here. Set up one that can.',
  invalid_request: 'name must be a string, name must not be empty',
};

/** Refuses everything with the code of its path. */
@Controller('refusing')
class RefusingController {
  @All(':code/status')
  refuse(@Param('code') code: MfaErrorCode): never {
    throw new MfaException(code, DETAILS[code]);
  }
}

async function caught(promise: Promise<unknown>): Promise<MfaClientError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof MfaClientError) return error;
    throw error;
  }
  throw new Error('It was not refused');
}

describe('an error of the browser client', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { rateLimit: { lockAfter: 3 } }, controllers: [RefusingController] });
  });
  afterAll(() => test.close());

  const codes = Object.keys(MFA_ERRORS) as MfaErrorCode[];

  it.each(codes)('has what the server says with %s', async (code) => {
    const mfa = createMfaClient({ baseUrl: `${test.url}/refusing/${code}` });
    const error = await caught(mfa.status());
    const { message: problems, unlock, ...details } = DETAILS[code] ?? {};
    expect({ ...error }).toEqual({
      name: 'MfaClientError',
      code,
      status: MFA_ERRORS[code].status,
      // From its header: how long it will be nobody knows.
      ...(MFA_ERRORS[code].status === 503 ? { retryAfter: 5 } : {}),
      ...details,
      ...(problems ? { problems } : {}),
      ...(unlock ? { unlock: { codesLeft: 2, nextCodeAt: NEXT_CODE.toISOString() } } : {}),
    });
    expect(error.message).toBe(MESSAGES[code] ?? MFA_ERRORS[code].message);
    expect(isMfaClientError(error, code)).toBe(true);
    expect(isMfaClientError(error, 'network')).toBe(false);
  });

  it('comes from the routes themselves too', async () => {
    const { id, client, secret, authenticatorId } = await enroll(test);
    const mfa = createMfaClient({ baseUrl: `${test.url}/mfa`, fetch: client.fetch });
    expect(await caught(mfa.renameAuthenticator(authenticatorId, ''))).toMatchObject({
      code: 'invalid_request',
      status: 400,
      problems: [expect.stringContaining('name')],
    });
    expect(await caught(mfa.removeAuthenticator('../authenticators'))).toMatchObject({
      code: 'invalid_request',
    });
    expect(await caught(mfa.revokeTrustedDevice('0'))).toMatchObject({ code: 'not_found', status: 404 });
    test.clock.advance(3600);
    expect(await caught(mfa.beginTotp())).toMatchObject({
      code: 'mfa_required',
      status: 401,
      methods: ['totp', 'recovery_codes'],
      maxAge: 300,
    });

    const half = createMfaClient({
      baseUrl: `${test.url}/mfa`,
      fetch: (await halfSignIn(test, { id })).fetch,
    });
    expect(await caught(half.status())).toMatchObject({ status: 401 });
    for (let guess = 0; guess < 3; guess += 1) {
      expect(await caught(half.authenticate({ code: '000000' }))).toMatchObject({ code: 'incorrect_code' });
    }
    test.clock.advance(301);
    expect(await caught(half.authenticate({ code: codeOf(secret, test.clock) }))).toMatchObject({
      code: 'authenticator_locked',
      status: 403,
    });

    const fresh = test.client();
    await fresh.post('/login', { id: newUserId() });
    const other = createMfaClient({ baseUrl: `${test.url}/mfa`, fetch: fresh.fetch });
    expect(await caught(other.activateTotp({ code: '123456' }))).toMatchObject({ code: 'no_pending_setup' });
    expect(await caught(other.signInWithPasskey())).toMatchObject({ code: 'not_supported' });
    await fresh.delete('/mfa/session');
    expect(await caught(other.status())).toMatchObject({ code: 'unauthenticated' });
  });
});

describe('an answer that is not from nestjs-mfa', () => {
  let answer: { status: number; headers?: Record<string, string>; body: string };
  const server = createServer((_request, response) => {
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  let baseUrl: string;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const status = () => caught(createMfaClient({ baseUrl }).status());

  it.each([
    ['a proxy', { status: 502, body: '<h1>Bad Gateway</h1>' }, 'Bad Gateway'],
    ['a page in place of the route', { status: 200, body: '<!doctype html>' }, 'The answer is not JSON.'],
    ['another refusal', { status: 403, body: '{"error":"Forbidden"}' }, 'Forbidden'],
    ['an empty refusal', { status: 500, body: '' }, 'Internal Server Error'],
  ])('is told as such: %s', async (_name, given, message) => {
    answer = given;
    expect(await status()).toMatchObject({ code: 'unexpected_answer', status: given.status, message });
  });

  it('has a message also where the protocol has no names for statuses, as HTTP/2', async () => {
    const fetch = () => Promise.resolve(new Response('null', { status: 502 }));
    expect(await caught(createMfaClient({ fetch }).status())).toMatchObject({ message: 'HTTP 502' });
  });

  it('still says when to come back', async () => {
    answer = { status: 429, headers: { 'retry-after': '7' }, body: 'slow down' };
    expect(await status()).toMatchObject({ code: 'unexpected_answer', retryAfter: 7 });
    answer = { ...answer, body: '{"code":"too_many_attempts","message":"Later."}' };
    expect(await status()).toMatchObject({ code: 'too_many_attempts', retryAfter: 7, message: 'Later.' });
  });

  it('is told from no answer at all', async () => {
    const error = await caught(createMfaClient({ baseUrl: 'http://127.0.0.1:1' }).status());
    expect(error).toMatchObject({ code: 'network', status: 0 });
    expect(error.cause).toMatchObject({ name: 'TypeError' });
  });
});
