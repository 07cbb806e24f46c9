import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { SettingsService } from '@simplewebauthn/server';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Identity } from '../../support/attestation.js';
import {
  aaguidExtension,
  androidKeyBy,
  issue,
  makeLeaf,
  makeRoot,
  packedBy,
  packedBySelf,
  pemOf,
  u2fBy,
} from '../../support/attestation.js';
import type { Attest, Tampering } from '../../support/authenticator.js';
import { SoftwareAuthenticator } from '../../support/authenticator.js';
import { register, signIn } from '../../support/ceremonies.js';
import type { TestApp, TestAppOptions } from '../../support/test-app.js';
import { RELYING_PARTY, startTestApp } from '../../support/test-app.js';

const AAGUID = 'ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4';
const OTHER_AAGUID = 'bada5566-a7aa-401f-bd96-45619a55120d';
const YEAR = 31_536_000_000;

type WebAuthn = NonNullable<NonNullable<TestAppOptions['mfa']>['webauthn']>;

const start = (webauthn: WebAuthn) => startTestApp({ mfa: { webauthn: { ...RELYING_PARTY, ...webauthn } } });

/** What comes of a registration by a new user. */
async function registration(test: TestApp, tampering: Tampering): Promise<string> {
  const { client } = await signIn(test);
  const { status, body } = await register(client, new SoftwareAuthenticator(), {}, tampering);
  const keys = (await client.get('/mfa/authenticators?type=webauthn')).body.length;
  return status === 201 && keys === 1 ? 'registered' : `${status} ${body.code}, ${keys} keys`;
}

/** An attestation that it signs itself, with certificates that have nothing to do with it. */
const withCertificates =
  (x5c: Buffer[]): Attest =>
  (signed) => {
    const { format, statement } = packedBySelf(signed);
    return { format, statement: { ...statement, x5c } };
  };

const REFUSED = '400 webauthn_failed, 0 keys';

describe('the options of attestation', () => {
  it.each<[WebAuthn, string | null]>([
    [{}, null],
    [{ attestation: 'direct' }, null],
    [{ allowedAaguids: [AAGUID] }, 'refuses every key'],
    [{ allowedAaguids: [AAGUID], attestation: 'indirect' }, 'refuses every key'],
    [{ allowedAaguids: [AAGUID], attestation: 'direct' }, null],
    [{ allowedAaguids: [AAGUID], attestation: 'enterprise' }, null],
    [{ attestation: 'enterprise' }, 'can identify individual devices'],
  ])('%j are warned of: %j', async (webauthn, warning) => {
    const app = await start(webauthn);
    const warnings = app.logger.lines.filter((line) => line.includes('MfaAttestation'));
    expect(warnings).toHaveLength(warning === null ? 0 : 1);
    expect(warnings.join()).toContain(warning ?? '');
    await app.close();
  });
});

describe('an attestation that nobody asked for', () => {
  it.each([[0], [''], [[]], [[1]]])('is refused with %j in place of certificates', async (x5c) => {
    const test = await start({});
    const attest: Attest = (signed) => {
      const { format, statement } = packedBySelf(signed);
      return { format, statement: { ...statement, x5c } };
    };
    expect(await registration(test, { attest })).toBe(REFUSED);
    await test.close();
  });
});

describe('an attestation, where roots are given', () => {
  let test: TestApp;
  let root: Identity;
  let intermediate: Identity;
  beforeAll(async () => {
    root = await makeRoot();
    intermediate = await issue({ subject: 'C=SE, O=Vendor, CN=Vendor CA', issuer: root, ca: true });
    const other = await makeRoot({ subject: 'C=SE, O=Other, CN=Other Root' });
    test = await start({ attestation: 'direct', attestationRoots: [`${pemOf(other)}\n${pemOf(root)}`] });
  });
  afterAll(() => test.close());

  const ACCEPTED: [string, () => Promise<Attest>][] = [
    ['a leaf of the root', async () => packedBy(await makeLeaf(root, AAGUID))],
    ['a leaf that does not name its model', async () => packedBy(await makeLeaf(root, null))],
    ['a path over an authority', async () => packedBy(await makeLeaf(intermediate, AAGUID), intermediate)],
    ['a path with the root itself', async () => packedBy(await makeLeaf(root, AAGUID), root)],
    [
      'a path over an authority with the root itself',
      async () => packedBy(await makeLeaf(intermediate, AAGUID), intermediate, root),
    ],
  ];

  it.each(ACCEPTED)('is accepted with %s', async (_, attest) => {
    expect(await registration(test, { aaguid: AAGUID, attest: await attest() })).toBe('registered');
  });

  it('is accepted as U2F keys make it', async () => {
    expect(await registration(test, { attest: u2fBy(await makeLeaf(root, null)) })).toBe('registered');
  });

  const FORGED: [string, () => Promise<Attest>][] = [
    ['none at all', () => Promise.resolve(() => ({ format: 'none', statement: {} }))],
    ['one of its own', () => Promise.resolve(packedBySelf)],
    ['a root of the same name', async () => packedBy(await makeLeaf(await makeRoot(), AAGUID))],
    [
      'a root of the same name, sent along',
      async () => {
        const forged = await makeRoot();
        return packedBy(await makeLeaf(forged, AAGUID), forged);
      },
    ],
    [
      'the real root sent along with a foreign leaf',
      async () => packedBy(await makeLeaf(await makeRoot(), AAGUID), root),
    ],
    ['a missing authority', async () => packedBy(await makeLeaf(intermediate, AAGUID))],
    [
      'the certificates in another order',
      async () => packedBy(await makeLeaf(intermediate, AAGUID), root, intermediate),
    ],
    [
      'an authority that is none',
      async () => {
        const leaf = await makeLeaf(root, null);
        return packedBy(await makeLeaf(leaf, AAGUID), leaf);
      },
    ],
    [
      'an authority that may certify no other',
      async () => {
        const last = await issue({ subject: 'CN=Last', issuer: root, ca: true, pathLength: 0 });
        const beyond = await issue({ subject: 'CN=Beyond', issuer: last, ca: true });
        return packedBy(await makeLeaf(beyond, AAGUID), beyond, last);
      },
    ],
    [
      'an expired authority',
      async () => {
        const old = await issue({
          subject: 'CN=Old',
          issuer: root,
          ca: true,
          notAfter: new Date(1_800_000_000_000 - YEAR),
        });
        return packedBy(await makeLeaf(old, AAGUID), old);
      },
    ],
    [
      'an expired leaf',
      async () => packedBy(await makeLeaf(root, AAGUID, { notAfter: new Date(1_800_000_000_000 - YEAR) })),
    ],
    [
      'a leaf that is not valid yet',
      async () => packedBy(await makeLeaf(root, AAGUID, { notBefore: new Date(1_800_000_000_000 + YEAR) })),
    ],
    ['a leaf of another model', async () => packedBy(await makeLeaf(root, OTHER_AAGUID))],
    [
      'a leaf that names two models',
      async () => packedBy(await makeLeaf(root, AAGUID, { extensions: [aaguidExtension(OTHER_AAGUID)] })),
    ],
    [
      'a leaf whose model is critical',
      async () => packedBy(await makeLeaf(root, null, { extensions: [aaguidExtension(AAGUID, true)] })),
    ],
    ['a leaf that is an authority', async () => packedBy(await makeLeaf(root, AAGUID, { ca: true }))],
    [
      'a leaf for something else',
      async () => packedBy(await makeLeaf(root, AAGUID, { subject: 'C=SE, O=Vendor, CN=www.example.com' })),
    ],
    [
      'a signature of another leaf',
      async () => {
        const [leaf, other] = [await makeLeaf(root, AAGUID), await makeLeaf(root, AAGUID)];
        return packedBy({ ...leaf, keys: other.keys });
      },
    ],
    ['no certificate', () => Promise.resolve(withCertificates([]))],
    ['a certificate that is none', () => Promise.resolve(withCertificates([Buffer.from('x')]))],
    [
      'more certificates than any path has',
      async () => packedBy(await makeLeaf(root, AAGUID), ...(Array(20).fill(root) as Identity[])),
    ],
    ['another format, under a foreign root', async () => u2fBy(await makeLeaf(await makeRoot(), null))],
  ];

  it.each(FORGED)('is refused with %s', async (name, attest) => {
    const aaguid = name.startsWith('another format') ? {} : { aaguid: AAGUID };
    expect(await registration(test, { ...aaguid, attest: await attest() })).toBe(REFUSED);
  });

  it('is refused under a root whose time is over', async () => {
    const old = await makeRoot({ notAfter: new Date(1_800_000_000_000 - YEAR) });
    const late = await start({ attestation: 'enterprise', attestationRoots: [pemOf(old)] });
    const attest = packedBy(await makeLeaf(old, AAGUID));
    expect(await registration(late, { aaguid: AAGUID, attest })).toBe(REFUSED);
    await late.close();
  });
});

describe('the models that may be registered', () => {
  const forget = () => SettingsService.setRootCertificates({ identifier: 'packed', certificates: [] });
  beforeEach(forget);
  afterAll(forget);

  it('are proven by a path to a root, and by nothing else', async () => {
    const root = await makeRoot();
    const test = await start({
      attestation: 'direct',
      attestationRoots: [pemOf(root)],
      allowedAaguids: [AAGUID],
    });
    const genuine = packedBy(await makeLeaf(root, AAGUID));
    const another = packedBy(await makeLeaf(root, OTHER_AAGUID));
    const forged = packedBy(await makeLeaf(await makeRoot(), AAGUID));
    expect(await registration(test, { aaguid: AAGUID, attest: genuine })).toBe('registered');
    expect(await registration(test, { aaguid: OTHER_AAGUID, attest: another })).toBe(REFUSED);
    expect(await registration(test, { aaguid: AAGUID, attest: another })).toBe(REFUSED);
    expect(await registration(test, { aaguid: AAGUID, attest: forged })).toBe(REFUSED);
    expect(await registration(test, { aaguid: AAGUID, attest: packedBySelf })).toBe(REFUSED);
    expect(await registration(test, { aaguid: AAGUID })).toBe(REFUSED);
    await test.close();
  });

  it('can be proven to a root that SimpleWebAuthn was given', async () => {
    const root = await makeRoot();
    SettingsService.setRootCertificates({ identifier: 'packed', certificates: [pemOf(root)] });
    for (const models of [{ allowedAaguids: [AAGUID] }, {}]) {
      const test = await start({ attestation: 'direct', ...models });
      const genuine = packedBy(await makeLeaf(root, AAGUID));
      expect(await registration(test, { aaguid: AAGUID, attest: genuine })).toBe('registered');
      expect(await registration(test, { aaguid: AAGUID, attest: packedBySelf })).toBe(REFUSED);
      // That root is for another format, and so is none for this one.
      const foreign = await makeLeaf(await makeRoot(), null);
      expect(await registration(test, { attest: u2fBy(foreign) })).toBe(REFUSED);
      await test.close();
    }
  });

  it.each(['none', 'indirect', 'direct'] as const)(
    'are nobody’s without a root (attestation %s), and the log says so',
    async (attestation) => {
      const test = await start({ attestation, allowedAaguids: [AAGUID] });
      const attest = packedBy(await makeLeaf(await makeRoot(), AAGUID));
      for (const tampering of [{}, { attest: packedBySelf }, { attest }]) {
        expect(await registration(test, { aaguid: AAGUID, ...tampering })).toBe(REFUSED);
      }
      expect(test.logger.lines.join('\n')).toContain('`webauthn.attestationRoots`');
      await test.close();
    },
  );
});

describe('an attestation of an Android device', () => {
  it('does not send the server to an address that it names', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/revoked`;
    const test = await start({});
    const { client } = await signIn(test);
    const { body: options } = await client.post('/mfa/webauthn/options');
    const key = new SoftwareAuthenticator();
    const attest = await androidKeyBy(await makeRoot(), url, (tampering) => key.create(options, tampering));
    const { status, body } = await client.post('/mfa/webauthn', {
      credential: key.create(options, { attest }),
    });
    await test.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect([status, body.code, asked]).toEqual([400, 'webauthn_failed', []]);
  });
});
