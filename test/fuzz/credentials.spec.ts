import type { KeyObject } from 'node:crypto';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';

import type { Identity } from '../support/attestation.js';
import { makeLeaf, makeRoot, packedBy, pemOf } from '../support/attestation.js';
import { SoftwareAuthenticator } from '../support/authenticator.js';
import { assertKey, enrollKey, signIn, signInWithPasskey } from '../support/ceremonies.js';
import type { KeyHolder } from '../support/ceremonies.js';
import type { Answer, Client } from '../support/client.js';
import { expectAlways } from '../support/fuzz.js';
import { holdings } from '../support/holdings.js';
import type { Damage, JsonChange } from '../support/hostile-input.js';
import { bytes, changed, damage, damaged, jsonChange } from '../support/hostile-input.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, halfSignIn, startTestApp } from '../support/test-app.js';

type Json = Record<string, unknown>;

/** Bytes of CBOR (RFC 8949), well-formed or not. */
const text = (word: string) => Buffer.from([0x60 | word.length, ...Buffer.from(word)]);
const byteString = (content: Buffer) =>
  Buffer.concat([Buffer.from([0x59, content.length >> 8, content.length & 255]), content]);
const repeated = (hex: string, times: number) => Buffer.from(hex.repeat(times), 'hex');

/** Heads that promise more than follows, lists in lists in lists, and everything else that a decoder may trip over. */
const hostileCbor: fc.Arbitrary<Buffer> = fc.oneof(
  bytes(60),
  fc
    .array(
      fc.constantFrom(
        ...[
          '00',
          '17',
          '1bffffffffffffffff',
          '20',
          '3bffffffffffffffff',
          '40',
          '4100',
          '5bffffffffffffffff',
          '5b0000000100000000',
        ],
        ...[
          '60',
          '61ff',
          '7b7fffffffffffffff',
          '80',
          '81',
          '9a7fffffff',
          '9bffffffffffffffff',
          'a0',
          'a1',
          'a10000',
          'a200000000',
        ],
        ...[
          'ba7fffffff',
          'bbffffffffffffffff',
          'c0',
          'd9ffff',
          'dbffffffffffffffff',
          'f4',
          'f6',
          'f7',
          'f8ff',
          'f97e00',
          'fb7ff8000000000000',
        ],
        ...['5f', '7f', '9f', 'bf', 'ff', '1c', 'fc'],
      ),
      { maxLength: 20 },
    )
    .map((parts) => Buffer.from(parts.join(''), 'hex')),
  fc
    .tuple(
      fc.constantFrom('81', 'a100', '9f', 'bf00', 'c1', '8181', 'a161'),
      fc.integer({ min: 1, max: 10_000 }),
    )
    .map(([head, times]) => repeated(head, times)),
  fc
    .integer({ min: 1, max: 10_000 })
    .map((times) => Buffer.concat([Buffer.from('9a00ffffff', 'hex'), repeated('80', times)])),
);

const REFUSED = ['invalid_request', 'webauthn_failed'];
const refused = expect.stringMatching(new RegExp(`^(?:${REFUSED.join('|')})$`));

/** What is damaged of the answer of somebody who holds the key: anything, and more often what was signed. */
type Change = JsonChange | { field: string; by: Damage };

const change: fc.Arbitrary<Change> = fc.oneof(
  jsonChange,
  fc.record({
    field: fc.constantFrom(
      'clientDataJSON',
      'authenticatorData',
      'signature',
      'attestationObject',
      'userHandle',
    ),
    by: damage,
  }),
);
const changes = fc.array(change, { minLength: 1, maxLength: 2 });

/** The changed answer, of a client that does not say its id twice. */
function apply({ rawId: _, ...credential }: Json & { rawId: string }, made: readonly Change[]): Json {
  return made.reduce<Json>((json, one) => {
    if (!('field' in one)) return changed(json, one);
    const { response } = json as { response?: Json | null };
    const text = response?.[one.field];
    if (typeof text !== 'string') return json;
    const bytes = damaged(Buffer.from(text, 'base64url'), one.by).toString('base64url');
    return { ...json, response: { ...response, [one.field]: bytes } };
  }, credential);
}

/** What counts of a proof, whatever alphabet of base64 it is written in. */
const partsOf = ({ id, response = {} }: { id?: unknown; response?: unknown }, fields: readonly string[]) =>
  [id, ...fields.map((name) => (response as Json | null)?.[name])].map((part) =>
    typeof part === 'string' ? Buffer.from(part, 'base64url') : null,
  );

/** Whether the same is proven by it: the same bytes, signed by the same two numbers. */
function isSameProof(credential: Json, own: object, fields: readonly string[]): boolean {
  const honest = partsOf(own, fields) as Buffer[];
  return partsOf(credential, fields).every((part, index) => {
    const expected = honest[index] as Buffer;
    if (part === null) return false;
    return fields[index - 1] === 'signature' ? hasNumbersOf(part, expected) : part.equals(expected);
  });
}

/**
 * Whether the two numbers of an ECDSA signature are in there. What stands around them, which is to be DER, the library that verifies
 * signatures reads less strictly than it could: without any gain to anybody, as a challenge is good for one answer.
 */
function hasNumbersOf(part: Buffer, der: Buffer): boolean {
  const length = der[3] as number;
  const [r, s] = [der.subarray(4, 4 + length), der.subarray(6 + length)];
  const at = part.indexOf(r);
  return at >= 0 && part.indexOf(s, at + length) >= 0;
}

/** The authenticator data of a registration, which are the last that is written. */
function authDataOf({ response }: { response: { attestationObject: string } }): Buffer {
  const whole = Buffer.from(response.attestationObject, 'base64url');
  const name = text('authData');
  return whole.subarray(whole.indexOf(name) + name.length + 2);
}

/** Where the key begins in them: behind a head of 37 bytes, the AAGUID, and the id of 32 bytes with its length. */
const KEY_AT = 37 + 16 + 2 + 32;

const ASSERTED = ['clientDataJSON', 'authenticatorData', 'signature'];

describe('a credential', () => {
  let test: TestApp;
  let root: Identity;
  let leaf: Identity;
  let holder: KeyHolder;
  /** One who has passed the first factor, one who has no second one, and what is there before they try. */
  let half: Client;
  let newcomer: Client;
  let before: string[];
  beforeAll(async () => {
    root = await makeRoot();
    leaf = await makeLeaf(root, null);
    test = await startTestApp({
      mfa: {
        webauthn: { ...RELYING_PARTY, attestation: 'direct', attestationRoots: [pemOf(root)] },
        passkeyLogin: true,
        rateLimit: { attempts: 1_000_000 },
      },
    });
    holder = await enrollKey(test, new SoftwareAuthenticator({ attest: packedBy(leaf) }), {
      passwordless: true,
    });
  });
  afterAll(() => test.close());
  async function begin(): Promise<void> {
    half = await halfSignIn(test, holder);
    ({ client: newcomer } = await signIn(test));
    before = await holdings(test);
  }
  beforeEach(begin);

  const optionsFor = async (client: Client, path: string) => (await client.post(path)).body as Json;

  /** Nothing is gained by it. If anything was, the next one has to begin anew to fail for a reason of its own. */
  async function expectNothing(answer: Answer): Promise<void> {
    const after = await holdings(test);
    const expected = before;
    if (after.join() !== expected.join()) await begin();
    expect([answer.status, answer.body.code]).toEqual([400, refused]);
    expect(answer.text).not.toMatch(/stack|node_modules|\.[jt]s:\d/);
    expect(after).toEqual(expected);
  }

  it('that was changed on its way finishes no sign-in', () =>
    expectAlways(40, [changes], async (made) => {
      const own = holder.key.get(await optionsFor(half, '/mfa/authenticate/webauthn/options'));
      const credential = apply(own, made);
      fc.pre(!isSameProof(credential, own, ASSERTED));
      await expectNothing(await half.post('/mfa/authenticate/webauthn', { credential }));
      expect((await half.get('/me')).status).toBe(401);
      // Every other time: the key, the session and the budget are as they were.
      if (made.length > 1) {
        expect((await assertKey(half, holder.key)).status).toBe(200);
        await begin();
      }
    }));

  it('that was changed on its way signs nobody in as a passkey', () =>
    expectAlways(25, [changes], async (made) => {
      const visitor = test.client();
      const own = holder.key.get(await optionsFor(visitor, '/mfa/passkey/options'));
      const credential = apply(own, made);
      const fields = [...ASSERTED, 'userHandle'];
      fc.pre(!isSameProof(credential, own, fields));
      await expectNothing(await visitor.post('/mfa/passkey', { credential }));
      expect((await visitor.get('/me')).status).toBe(401);
    }));

  it('that was changed on its way is not registered, or as what it was', () =>
    expectAlways(40, [changes], async (made) => {
      const key = new SoftwareAuthenticator({ attest: packedBy(leaf) });
      const own = key.create(await optionsFor(newcomer, '/mfa/webauthn/options'));
      const credential = apply(own, made);
      fc.pre(!isSameProof(credential, own, ['clientDataJSON', 'attestationObject']));
      const answer = await newcomer.post('/mfa/webauthn', { credential });
      const isOfOwn = isSameProof(credential, own, ['clientDataJSON']);
      if (answer.status !== 201 || !isOfOwn) return expectNothing(answer);
      // Some bytes of CBOR and DER say the same: the key, and who has attested it, are the ones that were signed.
      const { id } = answer.body.authenticator;
      const [row] = (await holdings(test)).filter((line) => line.includes(`["authenticatorId","${id}"]`));
      await begin();
      const publicKey = authDataOf(own).subarray(KEY_AT).toString('base64url');
      for (const [column, value] of Object.entries({
        credentialId: own.id,
        publicKey,
        signCount: 0,
        attested: true,
      })) {
        expect(row).toContain(JSON.stringify([column, value]));
      }
    }));

  it('has CBOR of any kind in its attestation', () =>
    expectAlways(
      40,
      [hostileCbor, fc.constantFrom('whole', 'attStmt', 'fmt', 'authData', 'key')],
      async (cbor, place) => {
        const options = await optionsFor(newcomer, '/mfa/webauthn/options');
        const own = new SoftwareAuthenticator().create(options);
        const authData = authDataOf(own);
        const parts: Record<string, Buffer[]> = {
          whole: [cbor],
          attStmt: [
            Buffer.from([0xa3]),
            text('fmt'),
            text('packed'),
            text('attStmt'),
            cbor,
            text('authData'),
            byteString(authData),
          ],
          fmt: [
            Buffer.from([0xa3]),
            text('fmt'),
            cbor,
            text('attStmt'),
            Buffer.from([0xa0]),
            text('authData'),
            byteString(authData),
          ],
          authData: [
            Buffer.from([0xa3]),
            text('fmt'),
            text('none'),
            text('attStmt'),
            Buffer.from([0xa0]),
            text('authData'),
            cbor,
          ],
          key: [
            Buffer.from([0xa3]),
            ...[text('fmt'), text('none'), text('attStmt'), Buffer.from([0xa0]), text('authData')],
            byteString(Buffer.concat([authData.subarray(0, KEY_AT), cbor])),
          ],
        };
        const attestationObject = Buffer.concat(parts[place] as Buffer[]).toString('base64url');
        const credential = { ...own, response: { ...own.response, attestationObject } };
        await expectNothing(await newcomer.post('/mfa/webauthn', { credential }));
      },
    ));

  it('has client data of any kind', () =>
    expectAlways(
      25,
      [jsonChange, fc.oneof(fc.json(), bytes(60)), fc.boolean()],
      async (change, junk, isJunk) => {
        const own = holder.key.get(await optionsFor(half, '/mfa/authenticate/webauthn/options'));
        const said = JSON.parse(Buffer.from(own.response.clientDataJSON, 'base64url').toString()) as object;
        const clientData = isJunk ? Buffer.from(junk) : Buffer.from(JSON.stringify(changed(said, change)));
        const clientDataJSON = clientData.toString('base64url');
        fc.pre(clientDataJSON !== own.response.clientDataJSON);
        const credential = { ...own, response: { ...own.response, clientDataJSON } };
        await expectNothing(await half.post('/mfa/authenticate/webauthn', { credential }));
      },
    ));

  /** A key whose owner signs whatever they like with it. */
  describe('of a hostile owner', () => {
    let owner: KeyHolder;
    let privateKey: KeyObject;
    beforeAll(async () => {
      const keyPair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      ({ privateKey } = keyPair);
      owner = await enrollKey(
        test,
        new SoftwareAuthenticator({ attest: packedBy(leaf) }, undefined, keyPair),
      );
    });

    it('proves itself only by data that are whole', () =>
      expectAlways(
        25,
        [hostileCbor, fc.integer({ min: 0, max: 255 }), fc.nat({ max: 60 })],
        async (cbor, flags, length) => {
          const session = await halfSignIn(test, owner);
          const options = await optionsFor(session, '/mfa/authenticate/webauthn/options');
          const own = owner.key.get(options);
          const counter = Buffer.alloc(4);
          counter.writeUInt32BE(owner.key.signCount);
          const head = [
            createHash('sha256').update(RELYING_PARTY.rpId).digest(),
            Buffer.from([flags]),
            counter,
          ];
          const authData = Buffer.concat([...head, cbor]).subarray(0, length < 37 ? length : undefined);
          const clientData = Buffer.from(own.response.clientDataJSON, 'base64url');
          const signed = Buffer.concat([authData, createHash('sha256').update(clientData).digest()]);
          const response = {
            ...own.response,
            authenticatorData: authData.toString('base64url'),
            signature: sign('sha256', signed, privateKey).toString('base64url'),
          };
          const answer = await session.post('/mfa/authenticate/webauthn', {
            credential: { ...own, response },
          });
          // Neither presence nor a whole head: nothing is proven. With them, what stands behind is the owner's own business.
          const canHold = length >= 37 && (flags & 1) === 1;
          if (!canHold || answer.status !== 200)
            expect([answer.status, answer.body.code]).toEqual([400, refused]);
        },
      ));
  });

  it('is taken after all of that when it is honest', async () => {
    expect((await assertKey(half, holder.key)).status).toBe(200);
    expect((await signInWithPasskey(test.client(), holder.key)).status).toBe(200);
  });
});
