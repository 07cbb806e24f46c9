import 'reflect-metadata';
import { describe, expect, it, jest } from '@jest/globals';

import { MfaException } from '../core/errors/mfa-exception.js';
import { ClaimsExceptionMapper } from './claims-exception-mapper.js';
import { MfaClaimsModule } from './mfa-claims.module.js';

describe('the module for applications without sessions', () => {
  it('serves all modules of the application, wherever it is imported', () => {
    expect(MfaClaimsModule.forRoot()).toMatchObject({ module: MfaClaimsModule, global: true });
  });

  it('arranges its filters among those of the application', () => {
    const arrange = jest.fn();
    new MfaClaimsModule({} as never, { arrange } as never).configure();
    expect(arrange).toHaveBeenCalledTimes(1);
  });

  it('sets the headers of its refusals, and leaves other errors as they are', async () => {
    const headers: Record<string, unknown> = {};
    const response = { setHeader: (name: string, value: unknown) => (headers[name] = value) };
    const mapper = new ClaimsExceptionMapper();
    const other = new Error('boom');
    expect(await mapper.present(other, {}, response)).toBe(other);
    expect(headers).toEqual({});
    const refusal = new MfaException('mfa_required', { methods: ['totp'], maxAge: 60 });
    expect(await mapper.present(refusal, {}, response)).toBe(refusal);
    expect(headers).toMatchObject({
      'Cache-Control': 'no-store',
      'WWW-Authenticate': expect.stringContaining('max_age=60'),
    });
    expect(await mapper.present(refusal, {}, undefined)).toBe(refusal);
  });
});
