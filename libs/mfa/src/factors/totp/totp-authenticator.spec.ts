import { describe, expect, it } from '@jest/globals';

import { MfaException } from '../../core/errors/mfa-exception.js';
import type { Authenticator } from '../../engine/rows/authenticator.entity.js';
import { MfaRequest } from '../../engine/rows/mfa-request.js';
import type { TotpSetupDetails } from './totp-authenticator.js';
import { TotpAuthenticator } from './totp-authenticator.js';

const USER = { id: 'ada' };
const SETUP = { secret: 'SECRET', qrCode: 'data:drawn' } as TotpSetupDetails;
const ROW = { id: 'app', type: 'totp' } as Authenticator;
const CONTEXT = new MfaRequest({});

/** An app in this state, and what it asks the service for. */
function prepare(of: TotpSetupDetails | Authenticator, answer: unknown = true) {
  const calls: unknown[] = [];
  const answering =
    (name: string) =>
    (...given: unknown[]) => {
      calls.push([name, ...given]);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    };
  const service = {
    buildUrl: (_: object, secret: string, name: string) => Promise.resolve(`otpauth://${name}/${secret}`),
    buildQrCode: (url: string) => Promise.resolve(`data:${url}`),
    validateToken: answering('validated'),
    finish: answering('finished'),
  };
  return { app: new TotpAuthenticator(USER, service as never, of, CONTEXT), calls };
}

describe('an authenticator app that is being set up', () => {
  it('shows its secret, and its QR code under the usual name or another', async () => {
    const { app } = prepare(SETUP);
    expect(app.authenticator).toBeNull();
    expect(app.getSecretKey()).toBe('SECRET');
    await expect(app.generateQrCode()).resolves.toBe('data:drawn');
    await expect(app.generateQrCode('')).resolves.toBe('data:otpauth:///SECRET');
    await expect(app.generateQrCode('bob')).resolves.toBe('data:otpauth://bob/SECRET');
  });

  it('is active with its first right code', async () => {
    const { app, calls } = prepare(SETUP, ROW);
    await expect(app.validateToken('123456')).resolves.toBe(true);
    expect(calls).toEqual([['finished', USER, '123456', CONTEXT]]);
    expect(app.authenticator).toBe(ROW);
  });

  it('stays so with a wrong one', async () => {
    const { app } = prepare(SETUP, new MfaException('incorrect_code'));
    await expect(app.validateToken('123456')).resolves.toBe(false);
    expect(app.authenticator).toBeNull();
  });
});

describe('an authenticator app that is active', () => {
  it('shows its secret never again', async () => {
    const { app } = prepare(ROW);
    expect(app.authenticator).toBe(ROW);
    expect(() => app.getSecretKey()).toThrow('never shown');
    await expect(app.generateQrCode('bob')).rejects.toThrow('never shown');
  });

  it.each([true, false])('has its own codes verified: %s', async (isRight) => {
    const { app, calls } = prepare(ROW, isRight);
    await expect(app.validateToken('123456')).resolves.toBe(isRight);
    expect(calls).toEqual([['validated', USER, '123456', 'app']]);
  });

  it('answers no after too many attempts, and nothing without a database', async () => {
    await expect(prepare(ROW, new MfaException('too_many_attempts')).app.validateToken('1')).resolves.toBe(
      false,
    );
    const away = new MfaException('storage_unavailable');
    await expect(prepare(ROW, away).app.validateToken('1')).rejects.toBe(away);
  });
});

it('a secret for an app can be generated before there is one', () => {
  expect(TotpAuthenticator.generateSecret()).toMatch(/^[A-Z2-7]{32}$/);
});
