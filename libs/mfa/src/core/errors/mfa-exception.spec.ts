import { NotFoundException } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';

import { answersNo } from './answers-no.js';
import type { MfaErrorCode } from './error-codes.js';
import { MFA_ERRORS } from './error-codes.js';
import type { MfaErrorDetails } from './mfa-exception.js';
import { MfaException } from './mfa-exception.js';

describe('a refusal', () => {
  it('has the status of its code, and a sentence', () => {
    const codesOf = (wanted: number) =>
      Object.entries(MFA_ERRORS).flatMap(([code, { status }]) => (status === wanted ? [code] : []));
    expect(codesOf(400)).toEqual(['invalid_request', 'incorrect_code', 'webauthn_failed']);
    expect(codesOf(401)).toEqual([
      'unauthenticated',
      'session_expired',
      'mfa_required',
      'reauthentication_required',
    ]);
    expect(codesOf(403)).toEqual([
      'mfa_enrollment_required',
      'authenticator_locked',
      'unverified_email',
      'add_email_blocked',
      'cross_origin',
    ]);
    expect(codesOf(429)).toEqual(['too_many_attempts', 'too_many_messages']);
    expect(codesOf(503)).toEqual(['message_not_sent', 'storage_unavailable']);
    for (const { message } of Object.values(MFA_ERRORS)) expect(message).toMatch(/^[A-Z].+\.$/);
  });

  it('answers in Nest’s shape, with its code and its details', () => {
    const refusal = new MfaException('mfa_required', { methods: ['totp'], maxAge: 60 });
    expect(refusal.getStatus()).toBe(401);
    expect(refusal.getResponse()).toEqual({
      statusCode: 401,
      error: 'Unauthorized',
      message: 'Confirm with your second factor.',
      code: 'mfa_required',
      methods: ['totp'],
      maxAge: 60,
    });
    expect(new MfaException('invalid_request', { message: ['a'] }).getResponse()).toMatchObject({
      message: ['a'],
    });
    const cause = new Error('away');
    expect(new MfaException('storage_unavailable', {}, { cause })).toMatchObject({ cause, details: {} });
  });

  it.each([undefined, 'Ask for help.'])('has its own sentence unless it is given another: %p', (message) => {
    const details = { message } as MfaErrorDetails;
    expect(new MfaException('not_found', details).getResponse()).toMatchObject({
      message: message ?? MFA_ERRORS.not_found.message,
    });
  });

  it.each<[MfaErrorCode, MfaErrorDetails, Record<string, string>]>([
    ['unauthenticated', {}, { 'WWW-Authenticate': 'Bearer' }],
    ['session_expired', {}, { 'WWW-Authenticate': 'Bearer error="invalid_token"' }],
    ['mfa_required', {}, { 'WWW-Authenticate': 'Bearer error="insufficient_user_authentication"' }],
    [
      'mfa_required',
      { maxAge: 60, acr: 'phr' },
      { 'WWW-Authenticate': 'Bearer error="insufficient_user_authentication", max_age=60, acr_values="phr"' },
    ],
    [
      'reauthentication_required',
      { maxAge: 0 },
      { 'WWW-Authenticate': 'Bearer error="insufficient_user_authentication", max_age=0' },
    ],
    ['mfa_enrollment_required', { acr: 'phr' }, {}],
    ['too_many_attempts', { retryAfter: 30 }, { 'Retry-After': '30' }],
    ['too_many_attempts', {}, {}],
    ['storage_unavailable', {}, { 'Retry-After': '5' }],
    ['message_not_sent', { retryAfter: 60 }, { 'Retry-After': '60' }],
  ])('%s with %j calls for %j', (code, details, headers) => {
    expect(new MfaException(code, details).headers).toEqual(headers);
  });

  it('is a no where yes or no is asked for, and nothing else is', () => {
    expect(answersNo(new MfaException('not_found'))).toBe(false);
    const away = new MfaException('storage_unavailable');
    expect(() => answersNo(away)).toThrow(away);
    const other = new NotFoundException();
    expect(() => answersNo(other)).toThrow(other);
  });
});
