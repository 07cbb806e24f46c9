import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { KeyPairKeyObjectResult } from 'node:crypto';
import { generateKeyPairSync, randomBytes } from 'node:crypto';

import type { Tampering } from '../../support/authenticator.js';
import { SoftwareAuthenticator } from '../../support/authenticator.js';
import { assertKey, register, signIn } from '../../support/ceremonies.js';
import type { TestApp } from '../../support/test-app.js';
import { RELYING_PARTY, halfSignIn, startTestApp } from '../../support/test-app.js';

const made = new Map<string, KeyPairKeyObjectResult>();

/** One for all tests that ask for the same: making them takes seconds. */
function rsa(modulusLength: number, publicExponent = 65_537): KeyPairKeyObjectResult {
  const name = `${modulusLength} ${publicExponent}`;
  const pair = made.get(name) ?? generateKeyPairSync('rsa', { modulusLength, publicExponent });
  made.set(name, pair);
  return pair;
}
const p256 = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = () => generateKeyPairSync('ec', { namedCurve: 'P-384' });
const ed25519 = () => generateKeyPairSync('ed25519');

describe('the key of a credential', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({ mfa: { webauthn: RELYING_PARTY } });
  });
  afterAll(() => test.close());

  it.each<[string, () => KeyPairKeyObjectResult]>([
    ['ES256', p256],
    ['EdDSA', ed25519],
    ['RS256 with 2048 bits', () => rsa(2048)],
    ['RS256 with 4096 bits', () => rsa(4096)],
    ['RS256 with another exponent', () => rsa(2048, 65_539)],
  ])('registers and signs in with %s', async (_, pair) => {
    const key = new SoftwareAuthenticator({}, randomBytes(16), pair());
    const { client, id } = await signIn(test);
    expect((await register(client, key)).status).toBe(201);
    expect((await assertKey(await halfSignIn(test, { id }), key)).status).toBe(200);
  });

  const zeros = Buffer.alloc(32);
  const one = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]);
  const minusOne = Buffer.from(`ec${'ff'.repeat(30)}7f`, 'hex');
  const orderEight = Buffer.from('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85', 'hex');

  it.each<[string, () => KeyPairKeyObjectResult, Tampering]>([
    ['512 bits', () => rsa(512), {}],
    ['1024 bits', () => rsa(1024), {}],
    ['2047 bits', () => rsa(2047), {}],
    [
      '2047 bits behind a leading zero',
      () => rsa(2047),
      { cose: { [-1]: Buffer.concat([Buffer.alloc(1), Buffer.alloc(256, 0x55)]) } },
    ],
    ['the exponent 3', () => rsa(2048, 3), {}],
    ['the exponent 1', () => rsa(2048), { cose: { [-2]: Buffer.from([1]) } }],
    ['an even exponent', () => rsa(2048), { cose: { [-2]: Buffer.from([1, 0, 0]) } }],
    ['a huge exponent', () => rsa(2048), { cose: { [-2]: Buffer.alloc(256, 0xff) } }],
    ['an even modulus', () => rsa(2048), { cose: { [-1]: Buffer.alloc(256, 0xfe) } }],
    ['a huge modulus', () => rsa(2048), { cose: { [-1]: Buffer.alloc(4096, 0xff) } }],
    ['no modulus', () => rsa(2048), { cose: { [-1]: Buffer.alloc(0) } }],
    ['a point beside the curve', p256, { cose: { [-3]: randomBytes(32) } }],
    ['no point at all', p256, { cose: { [-2]: zeros, [-3]: zeros } }],
    ['half a point', p256, { cose: { [-3]: 1 } }],
    ['a long coordinate', p256, { cose: { [-2]: randomBytes(33) } }],
    ['another curve than that of its algorithm', p384, { cose: { [-1]: 2 } }],
    ['another algorithm than that of its kind', p256, { algorithm: -257 }],
    ['the algorithm of another kind', () => rsa(2048), { algorithm: -7 }],
    ['the point zero', ed25519, { cose: { [-2]: zeros } }],
    ['the neutral point', ed25519, { cose: { [-2]: one } }],
    ['a point of order two', ed25519, { cose: { [-2]: minusOne } }],
    ['a point of order eight, with its sign', ed25519, { cose: { [-2]: orderEight } }],
    ['a short point', ed25519, { cose: { [-2]: randomBytes(31) } }],
  ])('is refused with %s', async (_, pair, tampering) => {
    const key = new SoftwareAuthenticator(tampering, randomBytes(16), pair());
    const { client } = await signIn(test);
    const { status, body } = await register(client, key);
    expect([status, body.code]).toEqual([400, 'webauthn_failed']);
    expect((await client.get('/mfa/authenticators')).body).toEqual([]);
  });
});
