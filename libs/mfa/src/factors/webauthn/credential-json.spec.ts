import { describe, expect, it } from '@jest/globals';

import { MfaException } from '../../core/errors/mfa-exception.js';
import { MAX_CREDENTIAL_ID_BYTES, parseAuthentication, parseRegistration } from './credential-json.js';

const LONGEST_ID = Math.ceil((MAX_CREDENTIAL_ID_BYTES * 4) / 3);

type Parts = Record<string, unknown>;

const created = (response: Parts = {}, rest: Parts = {}) => ({
  id: 'AQID',
  rawId: 'AQID',
  type: 'public-key',
  response: {
    clientDataJSON: 'e30',
    attestationObject: 'oA',
    transports: ['usb', 'smart-card'],
    ...response,
  },
  clientExtensionResults: { credProps: { rk: true } },
  ...rest,
});
const got = (response: Parts = {}, rest: Parts = {}) => ({
  id: 'AQID',
  rawId: 'AQID',
  type: 'public-key',
  response: {
    clientDataJSON: 'e30',
    authenticatorData: 'AA',
    signature: 'MA',
    userHandle: 'dQ',
    ...response,
  },
  clientExtensionResults: {},
  ...rest,
});

/** What a parser makes of the value: what it has read, or the part that it refuses. */
function refused(parse: (value: unknown) => unknown, value: unknown): string {
  try {
    parse(value);
  } catch (error) {
    const { code, details } = error as { code: string; details: { message: string[] } };
    const [message = ''] = code === 'invalid_request' ? details.message : [];
    return message.replace(' is not what WebAuthn Level 3 says', '');
  }
  return 'nothing';
}

describe('a credential that was made', () => {
  it('is read as far as it is used', () => {
    expect(parseRegistration(created())).toEqual({
      id: 'AQID',
      rawId: 'AQID',
      type: 'public-key',
      response: { clientDataJSON: 'e30', attestationObject: 'oA', transports: ['usb', 'smart-card'] },
      clientExtensionResults: {},
      discoverable: true,
    });
  });

  it.each([
    [{ credProps: { rk: false } }, false],
    [{ credProps: { rk: 'true' } }, null],
    [{ credProps: { rk: 1 } }, null],
    [{ credProps: {} }, null],
    [{}, null],
    [null, null],
    [undefined, null],
  ])('with %j is discoverable: %p', (clientExtensionResults, discoverable) => {
    expect(parseRegistration(created({}, { clientExtensionResults })).discoverable).toBe(discoverable);
  });

  it.each([[undefined], [null]])('may say nothing of its transports: %p', (transports) => {
    expect(parseRegistration(created({ transports })).response.transports).toEqual([]);
  });

  it.each([
    ['credential', null],
    ['credential', 'AQID'],
    ['credential', []],
    ['credential', undefined],
    ['credential.id', created({}, { id: 1 })],
    ['credential.id', created({}, { id: '' })],
    ['credential.id', created({}, { id: '==' })],
    ['credential.id', created({}, { id: 'A.B' })],
    ['credential.id', created({}, { id: 'A=B' })],
    ['credential.rawId', created({}, { rawId: 'AQIE' })],
    ['credential.rawId', created({}, { rawId: 5 })],
    ['credential.type', created({}, { type: 'password' })],
    ['credential.type', created({}, { type: undefined })],
    ['credential.response', created({}, { response: null })],
    ['credential.response', created({}, { response: [] })],
    ['credential.clientExtensionResults', created({}, { clientExtensionResults: 'x' })],
    ['credential.clientDataJSON', created({ clientDataJSON: undefined })],
    ['credential.attestationObject', created({ attestationObject: {} })],
    ['credential.response.transports', created({ transports: 'usb' })],
    ['credential.response.transports', created({ transports: ['usb', 1] })],
    ['credential.response.transports', created({ transports: ['usb', null] })],
    ['credential.response.transports', created({ transports: ['USB'] })],
    ['credential.response.transports', created({ transports: [''] })],
    ['credential.response.transports', created({ transports: ['x'.repeat(33)] })],
    ['credential.response.transports', created({ transports: Array(11).fill('usb') })],
  ])('is refused for its %s', (what, value) => {
    expect(refused(parseRegistration, value)).toBe(what);
    expect(() => parseRegistration(value)).toThrow(MfaException);
  });

  it('may be as large as the largest, and no larger', () => {
    const ids = (length: number) => created({}, { id: 'A'.repeat(length), rawId: 'A'.repeat(length) });
    expect(parseRegistration(ids(LONGEST_ID)).id).toHaveLength(LONGEST_ID);
    expect(
      parseRegistration(created({}, { id: `${'A'.repeat(LONGEST_ID)}==`, rawId: null })).id,
    ).toHaveLength(LONGEST_ID);
    expect(refused(parseRegistration, ids(LONGEST_ID + 1))).toBe('credential.id');
    expect(refused(parseRegistration, ids(LONGEST_ID + 3))).toBe('credential.id');
    const limits = { clientDataJSON: 8192, attestationObject: 65_536 };
    for (const [name, longest] of Object.entries(limits)) {
      expect(refused(parseRegistration, created({ [name]: 'A'.repeat(longest) }))).toBe('nothing');
      expect(refused(parseRegistration, created({ [name]: 'A'.repeat(longest + 1) }))).toBe(
        `credential.${name}`,
      );
    }
    const transports = [...Array<string>(9).fill('usb'), 'x'.repeat(32)];
    expect(parseRegistration(created({ transports })).response.transports).toEqual(transports);
  });
});

describe('a credential that was asked for', () => {
  it('is read as far as it is used', () => {
    expect(parseAuthentication(got())).toEqual({
      id: 'AQID',
      rawId: 'AQID',
      type: 'public-key',
      response: { clientDataJSON: 'e30', authenticatorData: 'AA', signature: 'MA', userHandle: 'dQ' },
      clientExtensionResults: {},
    });
  });

  it.each([[undefined], [null], ['']])('may keep no user: %p', (userHandle) => {
    expect(parseAuthentication(got({ userHandle })).response).not.toHaveProperty('userHandle');
  });

  it.each([[undefined], [null]])('may say its id once: %p', (rawId) => {
    expect(parseAuthentication(got({}, { rawId }))).toMatchObject({ id: 'AQID', rawId: 'AQID' });
  });

  it('may be padded, and in the other alphabet', () => {
    const read = parseAuthentication(
      got({ clientDataJSON: 'e30=', signature: 'M/8+', userHandle: 'dQ==' }, { id: '+/8=', rawId: '-_8' }),
    );
    expect(read).toMatchObject({
      id: '-_8',
      rawId: '-_8',
      response: { clientDataJSON: 'e30', signature: 'M_8-', userHandle: 'dQ' },
    });
  });

  it.each(['clientDataJSON', 'authenticatorData', 'signature', 'userHandle'])(
    'is refused for its %s',
    (name) => {
      for (const value of [7, {}, 'a b', 'dQ===', 'A'.repeat(8193)]) {
        expect(refused(parseAuthentication, got({ [name]: value }))).toBe(`credential.${name}`);
      }
      expect(refused(parseAuthentication, got({ [name]: 'A'.repeat(8192) }))).toBe('nothing');
    },
  );
});
