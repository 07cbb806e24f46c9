/** @jest-environment-options {"ownModules": true} */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { MfaException } from '../../core/errors/mfa-exception.js';
import type { AuthenticationRecord } from '../../core/policy/methods.js';
import { registerFactorType } from '../../core/policy/methods.js';
import type { AuthenticatorsService } from '../authenticators/authenticators.service.js';
import type { Authenticator } from '../rows/authenticator.entity.js';
import { FactorAvailability } from './factor-availability.js';
import type { FactorData } from './factor-judge.js';
import type { FactorRegistry } from './factor-registry.js';
import type { MfaFactor } from './mfa-factor.js';
import type { ProfileFloor } from './profile-floor.js';
import type { ResolvedMfaOptions } from '../../options/resolved-options.js';

registerFactorType({ type: 'pager', channel: 'sms' } as never);

const USER = { id: 'ada' };
const rowOf = (type: string, id = type) => ({ id, type, userId: 'ada', isLocked: false }) as never as Row;
type Row = Authenticator & { isLocked: boolean };

/** Factors by type, with the given `isUsable`. */
function availability(
  factors: Record<string, MfaFactor['isUsable']>,
  options: object = {},
): FactorAvailability {
  return new FactorAvailability(
    {
      isLocked: (row: Row) => row.isLocked,
      usableTypes: (rows: Row[]) => rows.map(({ type }) => type),
    } as unknown as AuthenticatorsService,
    { find: (type: string) => (type in factors ? { isUsable: factors[type] } : undefined) } as FactorRegistry,
    { open: (row: Row) => Promise.resolve(row) } as unknown as FactorData,
    { admitted: (rows: Row[]) => Promise.resolve(rows) } as unknown as ProfileFloor,
    options as ResolvedMfaOptions,
  );
}

describe('whether an authenticator works now', () => {
  const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
  afterEach(() => void error.mockClear());

  it('is what its factor says of it', async () => {
    const isUsable = jest.fn((_user: unknown, { id }: { id: string }) => Promise.resolve(id === 'works'));
    const { isUsable: ask } = bound(availability({ pager: isUsable }));
    expect(await ask(USER, rowOf('pager', 'works'))).toBe(true);
    expect(await ask(USER, rowOf('pager', 'rests'))).toBe(false);
    expect(isUsable).toHaveBeenCalledWith(USER, expect.objectContaining({ id: 'works' }));
  });

  it('is so where its factor says nothing', async () => {
    const { isUsable: ask } = bound(availability({ pager: undefined }));
    expect(await ask(USER, rowOf('pager'))).toBe(true);
  });

  it('is not so where there is no such factor any more, which is said once for each type', async () => {
    const { isUsable: ask } = bound(availability({ pager: undefined }));
    for (const type of ['gone', 'gone', 'lost']) expect(await ask(USER, rowOf(type))).toBe(false);
    expect(error.mock.calls.map(([message]) => String(message))).toEqual([
      expect.stringMatching(/authenticators of type gone, but there is no such factor.*`factors`/),
      expect.stringMatching(/of type lost/),
    ]);
  });

  it('is not so without the options that its factor needs, which is said once', async () => {
    const factors = { webauthn: undefined, totp: undefined };
    const without = availability(factors, { webauthn: null });
    const rows = [rowOf('webauthn', 'k1'), rowOf('webauthn', 'k2'), rowOf('totp')];
    expect(await without.usableTypes(USER, rows)).toEqual(['totp']);
    expect(error.mock.calls.map(([message]) => String(message))).toEqual([
      expect.stringMatching(/of type webauthn, but the option `webauthn` is not set/),
    ]);
    const withIt = availability(factors, { webauthn: { rpId: 'example.com' } });
    expect(await withIt.usableTypes(USER, rows)).toEqual(['webauthn', 'webauthn', 'totp']);
  });

  it('is not so while it is locked, whatever its factor says', async () => {
    const isUsable = jest.fn(() => true);
    const { isUsable: ask } = bound(availability({ pager: isUsable }));
    expect(await ask(USER, { ...rowOf('pager'), isLocked: true } as Row)).toBe(false);
    expect(isUsable).not.toHaveBeenCalled();
  });

  it('is not so in a session whose first factor came over the same channel', async () => {
    const here = availability({ pager: undefined, totp: undefined });
    const rows = [rowOf('pager'), rowOf('totp')];
    const signedInBy = (method: string) => [{ method, at: 0, isFirst: true } as AuthenticationRecord];
    expect(await here.usableTypes(USER, rows, signedInBy('sms'))).toEqual(['totp']);
    expect(await here.usableTypes(USER, rows, signedInBy('email'))).toEqual(['pager', 'totp']);
    expect(await here.usableTypes(USER, rows)).toEqual(['pager', 'totp']);
  });

  it.each([
    ['an error', new Error('the pager network is away'), 'the pager network is away'],
    ['what is no error', 'boom', ''],
    ['a refusal', new MfaException('invalid_request'), 'The request is not valid.'],
  ])('is not so where its factor throws %s, and the others still work', async (_, thrown, text) => {
    const here = availability({
      pager: () => {
        throw thrown as Error;
      },
      totp: () => true,
    });
    expect(await here.usableTypes(USER, [rowOf('pager'), rowOf('totp')])).toEqual(['totp']);
    expect(error).toHaveBeenCalledTimes(1);
    expect(error).toHaveBeenCalledWith(`Could not tell whether pager (pager) works: ${text}`);
  });

  it.each(['storage_unavailable', 'conflict'] as const)(
    'is not told where the database answers %s',
    async (code) => {
      const refusal = new MfaException(code);
      const here = availability({
        pager: () => {
          throw refusal;
        },
      });
      await expect(here.usableTypes(USER, [rowOf('pager')])).rejects.toBe(refusal);
      expect(error).not.toHaveBeenCalled();
    },
  );
});

const bound = (here: FactorAvailability) => ({ isUsable: here.isUsable.bind(here) });
