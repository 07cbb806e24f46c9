import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Logger } from '@nestjs/common';
import { MetadataService, SettingsService } from '@simplewebauthn/server';

import type { Identity } from '../../../../../test/support/attestation.js';
import { derOf, issue, makeLeaf, makeRoot, pemOf } from '../../../../../test/support/attestation.js';
import { TestClock } from '../../../../../test/support/clock.js';
import {
  blobOf,
  entryOf,
  keyIdentifierOf,
  makePublisher,
  u2fEntryOf,
} from '../../../../../test/support/metadata.js';
import { AttestationPolicy } from './attestation-policy.js';
import { NO_AAGUID } from './metadata/model-catalogue.js';
import { ModelMetadata } from './metadata/model-metadata.js';
import type { VerifiedRegistration } from './verify-registration.js';

const AAGUID = '2fc0579f-8113-47ea-b116-bb5a8db9202a';
const OTHER_AAGUID = 'fa2b99dc-9e39-4257-8f92-4a30d23c4118';
const USER = { id: 'ada' };
const DAY = 86_400;
const WINDOW = 300;

let root: Identity;
let leaf: Identity;
let strange: Identity;
let clock: TestClock;
const logged: string[] = [];
beforeAll(async () => {
  root = await makeRoot();
  leaf = await makeLeaf(root, AAGUID);
  strange = await makeLeaf(await makeRoot({ subject: 'CN=Another vendor' }), AAGUID);
  jest.spyOn(Logger.prototype, 'warn').mockImplementation((text: string) => void logged.push(text));
});
afterAll(() => void jest.restoreAllMocks());
beforeEach(() => {
  clock = new TestClock();
  logged.length = 0;
});

/** A policy after the boot, with `direct` attestation unless said otherwise. */
async function policyWith(webauthn: object | null = {}, verifyAttestation: unknown = () => true) {
  const metadata = { rejectStatuses: ['REVOKED'], rootCertificates: [], strict: false };
  const given = webauthn as { metadata?: object } | null;
  const options = {
    rateLimit: { windowSeconds: WINDOW },
    webauthn: given && {
      attestation: 'direct',
      attestationRoots: [],
      allowedAaguids: null,
      ...given,
      metadata: given.metadata ? { ...metadata, ...given.metadata } : null,
    },
  } as never;
  const models = new ModelMetadata(options, clock);
  await models.onModuleInit();
  const policy = new AttestationPolicy({ verifyAttestation } as never, models, options, clock);
  policy.onModuleInit();
  return policy;
}

const registration = (x5c: Identity[], changed: Partial<VerifiedRegistration> = {}) =>
  ({ aaguid: AAGUID, format: 'packed', x5c: x5c.map(derOf), ...changed }) as VerifiedRegistration;
const attestedBy = (...path: Identity[]) => ({ attested: true, attestationKeys: path.map(keyIdentifierOf) });
const NOT_ATTESTED = { attested: false, attestationKeys: null };
const outcome = async (webauthn: object | null, of: VerifiedRegistration) =>
  (await policyWith(webauthn)).verify(USER, of);

describe('the options of attestation', () => {
  const ALL_REFUSED = 'refuses every key';
  const DEVICES = 'can identify individual devices';
  it.each<[object | null, string[]]>([
    [null, []],
    [{}, []],
    [{ attestation: 'none', allowedAaguids: [AAGUID] }, [ALL_REFUSED]],
    [{ attestation: 'indirect', allowedAaguids: [AAGUID] }, [ALL_REFUSED]],
    [{ attestation: 'direct', allowedAaguids: [AAGUID] }, []],
    [{ attestation: 'enterprise', allowedAaguids: [AAGUID] }, []],
    [{ attestation: 'enterprise' }, [DEVICES]],
    [{ attestation: 'none' }, []],
  ])('%j are warned of: %j', async (webauthn, warnings) => {
    await policyWith(webauthn);
    expect(logged).toEqual(warnings.map((text) => expect.stringContaining(text)));
  });
});

describe('a registration', () => {
  it('is none without the option `webauthn`', async () => {
    expect(await outcome(null, registration([]))).toBeNull();
  });

  it.each([
    ['none', NOT_ATTESTED],
    ['indirect', NOT_ATTESTED],
    ['direct', null],
    ['enterprise', null],
  ])('without attestation, where `%s` is asked for: %j', async (attestation, expected) => {
    expect(await outcome({ attestation }, registration([], { format: 'none' }))).toEqual(expected);
  });

  it('is told of when it is refused, but not without end: a stranger may try to sign up', async () => {
    const policy = await policyWith({ allowedAaguids: [AAGUID] });
    const refuse = async (times: number) => {
      for (let tried = 0; tried < times; tried++) await policy.verify(USER, registration([strange]));
      return logged.splice(0);
    };
    const text = 'A key was refused: no attestation root is known for the format packed';
    const lines = await refuse(50);
    expect(lines).toHaveLength(20);
    expect(lines.every((line) => line.startsWith(text))).toBe(true);
    expect(lines.filter((line) => line.includes('not logged for now'))).toEqual(lines.slice(-1));
    clock.advance(WINDOW - 1);
    expect(await refuse(1)).toEqual([]);
    clock.advance(1);
    expect(await refuse(1)).toEqual([expect.stringContaining(text)]);
  });

  it('is attested by a path to a root, and known by the keys of that', async () => {
    const attestationRoots = [pemOf(root)];
    expect(await outcome({ attestationRoots }, registration([leaf]))).toEqual(attestedBy(leaf, root));
    expect(
      await outcome({ attestationRoots, attestation: 'enterprise' }, registration([leaf, root])),
    ).toEqual(attestedBy(leaf, root));
    expect(await outcome({ attestationRoots }, registration([strange]))).toBeNull();
    expect(logged.join()).not.toContain('was refused');
  });

  it('is attested while its certificates are valid', async () => {
    const short = await makeLeaf(root, AAGUID, { notAfter: new Date(clock.now() + 1000) });
    const policy = await policyWith({ attestationRoots: [pemOf(root)] });
    expect(await policy.verify(USER, registration([short]))).not.toBeNull();
    clock.advance(2);
    expect(await policy.verify(USER, registration([short]))).toBeNull();
  });

  it('is attested by no certificate that can’t be read', async () => {
    const given = { ...registration([]), x5c: [Buffer.from('none')] };
    expect(await outcome({ attestation: 'indirect', attestationRoots: [pemOf(root)] }, given)).toEqual(
      NOT_ATTESTED,
    );
  });

  it('is of any model, and attested by nobody, where no roots are known', async () => {
    expect(await outcome({}, registration([strange]))).toEqual(NOT_ATTESTED);
    expect(logged).toEqual([]);
  });

  it('is of an allowed model, which a path to a root has to prove', async () => {
    const options = { allowedAaguids: [AAGUID], attestationRoots: [pemOf(root)] };
    expect(await outcome(options, registration([leaf]))).toEqual(attestedBy(leaf, root));
    expect(await outcome(options, registration([leaf], { aaguid: OTHER_AAGUID }))).toBeNull();
    expect(await outcome(options, registration([strange]))).toBeNull();
    expect(await outcome({ ...options, attestation: 'none' }, registration([strange]))).toBeNull();
  });

  it('without a root for its format is told of', async () => {
    expect(await outcome({ allowedAaguids: [AAGUID] }, registration([leaf]))).toBeNull();
    expect(logged).toEqual([expect.stringContaining('no attestation root is known for the format packed')]);
  });

  it.each([true, false, Promise.resolve(true), Promise.resolve(false)])(
    'is as the adapter says in the end (%p)',
    async (answer) => {
      const asked: unknown[] = [];
      const policy = await policyWith({}, (...of: unknown[]) => {
        asked.push(of);
        return answer;
      });
      const given = registration([strange]);
      expect(await policy.verify(USER, given)).toEqual((await answer) ? NOT_ATTESTED : null);
      expect(asked).toEqual([[given, USER]]);
    },
  );
});

describe('roots that SimpleWebAuthn was given', () => {
  const give = (identifier: 'packed' | 'tpm' | 'fido-u2f', ...roots: Identity[]) =>
    SettingsService.setRootCertificates({ identifier, certificates: roots.map(pemOf) });
  afterEach(() => {
    for (const format of ['packed', 'tpm', 'fido-u2f'] as const) give(format);
  });

  it.each(['packed', 'tpm', 'fido-u2f'] as const)('attest keys of the format %s', async (format) => {
    give(format, root);
    expect(await outcome({}, registration([leaf], { format }))).toEqual(attestedBy(leaf, root));
    expect(await outcome({ attestation: 'indirect' }, registration([strange], { format }))).toEqual(
      NOT_ATTESTED,
    );
  });

  it.each(['packed', 'tpm', 'fido-u2f'] as const)('for %s are demanded of all formats', async (format) => {
    give(format, root);
    expect(await outcome({}, registration([strange], { format: 'apple' }))).toBeNull();
  });

  it('attest no keys of another format', async () => {
    give('packed', root);
    for (const format of ['tpm', 'apple'])
      expect(await outcome({ attestation: 'indirect' }, registration([leaf], { format }))).toEqual(
        NOT_ATTESTED,
      );
  });

  describe('as metadata', () => {
    let known: jest.SpiedFunction<typeof MetadataService.getStatement>;
    beforeEach(() => {
      known = jest.spyOn(MetadataService, 'getStatement');
    });
    afterEach(() => known.mockRestore());
    const attestationRootCertificates = () => [derOf(root).toString('base64')];

    it('attest keys of that model', async () => {
      known.mockImplementation((aaguid) =>
        Promise.resolve(
          aaguid === AAGUID
            ? ({ attestationRootCertificates: attestationRootCertificates() } as never)
            : undefined,
        ),
      );
      expect(await outcome({}, registration([leaf]))).toEqual(attestedBy(leaf, root));
      expect(await outcome({}, registration([leaf], { aaguid: OTHER_AAGUID }))).toEqual(NOT_ATTESTED);
    });

    it('attest nothing if the model is broken or unknown', async () => {
      known.mockRejectedValue(new Error('Detected compromised aaguid'));
      expect(await outcome({}, registration([leaf]))).toEqual(NOT_ATTESTED);
    });
  });
});

describe('a registration, where there is metadata', () => {
  const known = (...reports: { status: string; effectiveDate?: string }[]) => [
    entryOf(AAGUID, root, reports),
  ];

  it('is attested by the roots of its model alone', async () => {
    const vendor = await makeRoot({ subject: 'CN=Third vendor' });
    const options = { metadata: { statements: known() }, attestationRoots: [pemOf(vendor)] };
    const ofVendor = await makeLeaf(vendor, AAGUID);
    expect(await outcome(options, registration([leaf]))).toEqual(attestedBy(leaf, root));
    expect(await outcome(options, registration([ofVendor]))).toBeNull();
    expect(await outcome(options, registration([ofVendor], { aaguid: OTHER_AAGUID }))).toEqual(
      attestedBy(ofVendor, vendor),
    );
  });

  it('needs a model that is in it, which is told of if nothing else attests it', async () => {
    const metadata = { statements: known() };
    expect(await outcome({ metadata }, registration([leaf], { aaguid: OTHER_AAGUID }))).toBeNull();
    expect(logged).toEqual([expect.stringContaining(`no data that attests the model ${OTHER_AAGUID}`)]);
    const lax = { metadata, attestation: 'indirect' };
    expect(await outcome(lax, registration([leaf], { aaguid: OTHER_AAGUID }))).toEqual(NOT_ATTESTED);
  });

  it('is refused for the status of its model, by its name', async () => {
    const metadata = { statements: known({ status: 'REVOKED' }) };
    for (const attestation of ['direct', 'indirect'])
      expect(await outcome({ metadata, attestation }, registration([leaf]))).toBeNull();
    expect(logged[0]).toBe('A key was refused: the status of Vendor Key 5 is REVOKED');
  });

  it('is refused for the status of its model if the entry has no name', async () => {
    const metadata = { statements: [{ aaguid: AAGUID, statusReports: [{ status: 'REVOKED' }] }] };
    expect(await outcome({ metadata }, registration([leaf]))).toBeNull();
    expect(logged).toEqual([`A key was refused: the status of ${AAGUID} is REVOKED`]);
  });

  it('is refused for a batch of keys by the path, or what it claims to be of', async () => {
    const batch = await issue({ subject: 'CN=Batch', issuer: root, ca: true });
    const certificate = derOf(batch).toString('base64');
    const reports = [{ status: 'ATTESTATION_KEY_COMPROMISE', certificate }];
    const metadata = { statements: known(...reports), rejectStatuses: ['ATTESTATION_KEY_COMPROMISE'] };
    const options = { metadata, attestation: 'indirect' };
    const ofBatch = await makeLeaf(batch, AAGUID);
    expect(await outcome(options, registration([ofBatch, batch]))).toBeNull();
    expect(await outcome(options, registration([leaf]))).toEqual(attestedBy(leaf, root));
    expect(await outcome(options, registration([strange, batch]))).toBeNull();
    expect(await outcome(options, registration([strange]))).toEqual(NOT_ATTESTED);
  });

  it('is refused for an anchor that was compromised and not sent', async () => {
    const reports = [{ status: 'ATTESTATION_KEY_COMPROMISE', certificate: derOf(root).toString('base64') }];
    const metadata = { statements: known(...reports), rejectStatuses: ['ATTESTATION_KEY_COMPROMISE'] };
    expect(await outcome({ metadata }, registration([leaf]))).toBeNull();
  });

  it('with the attestation of a U2F model vouches for no other model', async () => {
    const u2f = await makeLeaf(root, null);
    const metadata = { statements: [...known(), u2fEntryOf(u2f, root)] };
    expect(await outcome({ metadata }, registration([u2f]))).toBeNull();
    expect(logged).toEqual([expect.stringContaining(`can't vouch for ${AAGUID}`)]);
    const asU2f = { aaguid: NO_AAGUID, format: 'fido-u2f' };
    expect(await outcome({ metadata }, registration([u2f], asU2f))).toEqual(attestedBy(u2f, root));
  });

  it('needs the minimum level, and with it a path', async () => {
    const level = (status: string) => ({
      attestation: 'indirect',
      metadata: { statements: known({ status }), minimumLevel: 'FIDO_CERTIFIED_L1' },
    });
    expect(await outcome(level('FIDO_CERTIFIED_L1'), registration([leaf]))).toEqual(attestedBy(leaf, root));
    expect(await outcome(level('FIDO_CERTIFIED_L1'), registration([strange]))).toBeNull();
    expect(logged).toEqual([]);
    expect(await outcome(level('FIDO_CERTIFIED'), registration([leaf]))).toBeNull();
    expect(logged).toEqual([
      'A key was refused: Vendor Key 5 is certified below `webauthn.metadata.minimumLevel`',
    ]);
  });

  it('needs the minimum level of a model that other roots attest too', async () => {
    const options = {
      attestationRoots: [pemOf(root)],
      metadata: { statements: known(), minimumLevel: 'FIDO_CERTIFIED_L1' },
    };
    expect(await outcome(options, registration([leaf], { aaguid: OTHER_AAGUID }))).toBeNull();
    expect(logged).toEqual([
      `A key was refused: ${OTHER_AAGUID} is certified below \`webauthn.metadata.minimumLevel\``,
    ]);
  });

  describe('in a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-attestation-'));
    const file = join(folder, 'blob.jwt');
    afterAll(() => rmSync(folder, { recursive: true }));

    it('is judged by the newest', async () => {
      const publisher = await makePublisher();
      writeFileSync(file, blobOf(publisher, { entries: known() }));
      const policy = await policyWith({ metadata: { file, rootCertificates: [pemOf(publisher.root)] } });
      expect(await policy.verify(USER, registration([leaf]))).toEqual(attestedBy(leaf, root));
      writeFileSync(file, blobOf(publisher, { entries: known({ status: 'REVOKED' }), no: 8 }));
      expect(await policy.verify(USER, registration([leaf]))).toBeNull();
    });
  });

  it('is attested by outdated metadata, unless that is `strict`', async () => {
    const publisher = await makePublisher();
    const blob = blobOf(publisher, { entries: known(), nextUpdate: '2027-01-15' });
    const metadata = { blob, rootCertificates: [pemOf(publisher.root)] };
    const lax = await policyWith({ metadata });
    const strict = await policyWith({ metadata: { ...metadata, strict: true } });
    clock.advance(DAY);
    expect(await lax.verify(USER, registration([leaf]))).toEqual(attestedBy(leaf, root));
    expect(await strict.verify(USER, registration([leaf]))).toBeNull();
  });
});

describe('a stored key', () => {
  const stored = (attested: boolean | null, aaguid = AAGUID, attestationKeys: string[] | null = null) => ({
    attested,
    aaguid,
    attestationKeys,
  });

  it.each([null, false])('that is not known to be attested stays so (%s)', async (attested) => {
    expect((await policyWith()).isAttested(stored(attested))).toBe(attested);
  });

  it('stays attested where its model is unknown, or not rejected', async () => {
    expect((await policyWith()).isAttested(stored(true))).toBe(true);
    const policy = await policyWith({ metadata: { statements: [entryOf(AAGUID, root)] } });
    expect(policy.isAttested(stored(true))).toBe(true);
  });

  it('is attested until its model is rejected', async () => {
    const reports = [{ status: 'REVOKED', effectiveDate: '2027-01-16' }];
    const policy = await policyWith({ metadata: { statements: [entryOf(AAGUID, root, reports)] } });
    expect(policy.isAttested(stored(true))).toBe(true);
    clock.advance(DAY);
    expect(policy.isAttested(stored(true))).toBe(false);
    expect(policy.isAttested(stored(true, OTHER_AAGUID))).toBe(true);
  });

  it('is attested until the metadata is out of date, if that is `strict`', async () => {
    const publisher = await makePublisher();
    const blob = blobOf(publisher, { entries: [entryOf(AAGUID, root)], nextUpdate: '2027-01-15' });
    const metadata = { blob, rootCertificates: [pemOf(publisher.root)], strict: true };
    const policy = await policyWith({ metadata });
    expect(policy.isAttested(stored(true))).toBe(true);
    clock.advance(DAY);
    expect(policy.isAttested(stored(true))).toBe(false);
    // Metadata that doesn't know the model attested it as little before.
    expect(policy.isAttested(stored(true, OTHER_AAGUID))).toBe(true);
  });
});
