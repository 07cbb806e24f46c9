import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Controller, Get, UseGuards } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { FidoMetadataEntry, MfaEvent, MetadataStatusReport } from 'nestjs-mfa';
import {
  MFA_CLOCK,
  MFA_OPTIONS,
  MfaAdminService,
  MfaAuditService,
  MfaEvents,
  MfaModule,
  MfaService,
  MfaSessionGuard,
  RequireMfa,
} from 'nestjs-mfa';

import type { Identity } from '../../../../../../test/support/attestation.js';
import {
  derOf,
  issue,
  makeLeaf,
  makeRoot,
  packedBy,
  packedBySelf,
  pemOf,
  u2fBy,
} from '../../../../../../test/support/attestation.js';
import type { Tampering } from '../../../../../../test/support/authenticator.js';
import { SoftwareAuthenticator } from '../../../../../../test/support/authenticator.js';
import { assertKey, register, signIn } from '../../../../../../test/support/ceremonies.js';
import { testCli } from '../../../../../../test/support/cli.js';
import type { Client } from '../../../../../../test/support/client.js';
import { TestClock } from '../../../../../../test/support/clock.js';
import { emptyDatabase, sharedDatabase } from '../../../../../../test/support/databases.js';
import { eventually } from '../../../../../../test/support/eventually.js';
import { MemoryLogger } from '../../../../../../test/support/memory-logger.js';
import type { Publisher } from '../../../../../../test/support/metadata.js';
import {
  blobOf,
  entryOf,
  keyIdentifierOf,
  makePublisher,
  u2fEntryOf,
} from '../../../../../../test/support/metadata.js';
import type { TestApp, TestAppOptions } from '../../../../../../test/support/test-app.js';
import {
  RELYING_PARTY,
  SECRET,
  TestAdapter,
  newUserId,
  startTestApp,
  users,
  halfSignIn,
} from '../../../../../../test/support/test-app.js';

const AAGUID = '2fc0579f-8113-47ea-b116-bb5a8db9202a';
const OTHER_AAGUID = 'fa2b99dc-9e39-4257-8f92-4a30d23c4118';
const DAY = 86_400;

type WebAuthn = NonNullable<NonNullable<TestAppOptions['mfa']>['webauthn']>;
type Metadata = NonNullable<WebAuthn['metadata']>;

@Controller('assured')
@UseGuards(MfaSessionGuard)
class AssuredController {
  @Get('attested')
  @RequireMfa({ attested: true })
  attested(): object {
    return {};
  }
}

const start = (metadata: Metadata, more: Partial<WebAuthn> = {}, options: TestAppOptions = {}) =>
  startTestApp({
    controllers: [AssuredController],
    ...options,
    mfa: {
      ...options.mfa,
      webauthn: {
        ...RELYING_PARTY,
        attestation: 'direct',
        metadata: { everySeconds: 0, ...metadata },
        ...more,
      },
    },
  });

/** The outcome of a registration by a new user. */
async function registration(test: TestApp, tampering: Tampering): Promise<string> {
  const { client } = await signIn(test);
  const { status, body } = await register(client, new SoftwareAuthenticator(), {}, tampering);
  if (status !== 201) return `${status} ${body.code}`;
  const proven = (await client.get('/mfa/session')).body.proven.at(-1);
  return proven.attested ? 'attested' : 'registered';
}

const REFUSED = '400 webauthn_failed';

let root: Identity;
let publisher: Publisher;
beforeAll(async () => {
  root = await makeRoot();
  publisher = await makePublisher();
});

/** An attestation of this model under the vendor's root. */
const genuine = async (aaguid = AAGUID): Promise<Tampering> => ({
  aaguid,
  attest: packedBy(await makeLeaf(root, aaguid)),
});

/** Metadata options with a BLOB signed by the publisher. */
const signedBy = (who: Publisher, entries: FidoMetadataEntry[], payload: object = {}): Metadata => ({
  blob: blobOf(who, { entries, ...payload }),
  rootCertificates: [pemOf(who.root)],
});

describe('attestation against a BLOB', () => {
  let test: TestApp;
  beforeAll(async () => {
    test = await start(signedBy(publisher, [entryOf(AAGUID, root)]));
  });
  afterAll(() => test.close());

  it('attests a key of a model that is in it, and names the model', async () => {
    const { client } = await signIn(test);
    const key = new SoftwareAuthenticator();
    expect((await register(client, key, {}, await genuine())).status).toBe(201);
    expect((await client.get('/assured/attested')).status).toBe(200);
    const { body } = await client.get('/mfa/authenticators?type=webauthn');
    expect(body).toMatchObject([{ name: 'Master key', provider: 'Vendor Key 5' }]);
  });

  it('attests one whose certificates come over an authority, or are the anchor themselves', async () => {
    const authority = await issue({ subject: 'CN=Authority', issuer: root, ca: true });
    const leaf = await makeLeaf(authority, AAGUID);
    const over = { aaguid: AAGUID, attest: packedBy(leaf, authority, root) };
    expect(await registration(test, over)).toBe('attested');
    for (const anchor of [authority, leaf]) {
      const other = await start({ statements: [entryOf(AAGUID, anchor)] });
      expect(await registration(other, over)).toBe('attested');
      expect(await registration(other, { aaguid: AAGUID, attest: packedBy(leaf) })).toBe('attested');
      const sibling = packedBy(await makeLeaf(root, AAGUID), root);
      expect(await registration(other, { aaguid: AAGUID, attest: sibling })).toBe(REFUSED);
      await other.close();
    }
  });

  const UNKNOWN: [string, () => Promise<Tampering>][] = [
    ['a model that is not in it', () => genuine(OTHER_AAGUID)],
    [
      'another root',
      async () => ({ aaguid: AAGUID, attest: packedBy(await makeLeaf(await makeRoot(), AAGUID)) }),
    ],
    ['an attestation by the key itself', () => Promise.resolve({ aaguid: AAGUID, attest: packedBySelf })],
    ['no attestation', () => Promise.resolve({ aaguid: AAGUID })],
    ['a U2F key that is not in it', async () => ({ attest: u2fBy(await makeLeaf(root, null)) })],
    [
      'the root of another model',
      async () => ({ aaguid: OTHER_AAGUID, attest: packedBy(await makeLeaf(root, OTHER_AAGUID)) }),
    ],
  ];
  it.each(UNKNOWN)('refuses %s', async (_, tampering) => {
    expect(await registration(test, await tampering())).toBe(REFUSED);
  });

  it('registers them with `indirect`, and then as what they are', async () => {
    const lax = await start(signedBy(publisher, [entryOf(AAGUID, root)]), { attestation: 'indirect' });
    expect(await registration(lax, await genuine())).toBe('attested');
    for (const [, tampering] of UNKNOWN)
      expect(await registration(lax, await tampering())).toBe('registered');
    await lax.close();
  });

  it('holds for U2F keys by the keys of their certificates', async () => {
    const leaf = await makeLeaf(root, null);
    const u2f = await start(signedBy(publisher, [u2fEntryOf(leaf, root)]));
    const { client } = await signIn(u2f);
    expect((await register(client, new SoftwareAuthenticator(), {}, { attest: u2fBy(leaf) })).status).toBe(
      201,
    );
    expect((await client.get('/mfa/authenticators?type=webauthn')).body[0].provider).toBe('Vendor Key 5');
    expect((await client.get('/assured/attested')).status).toBe(200);
    // Another model of the same vendor, which isn't in the metadata, sent along with the certificate of this one.
    const stranger = await makeLeaf(root, null);
    expect(await registration(u2f, { attest: u2fBy(stranger) })).toBe(REFUSED);
    expect(await registration(u2f, { attest: u2fBy(stranger, leaf) })).toBe(REFUSED);
    await u2f.close();
  });

  it('lets no U2F key pass for a model of the same maker', async () => {
    const leaf = await makeLeaf(root, null);
    const certified = [{ status: 'FIDO_CERTIFIED_L2', effectiveDate: '2025-01-01' }];
    for (const reports of [[{ status: 'REVOKED' }], certified]) {
      const statements = [u2fEntryOf(leaf, root, reports), entryOf(AAGUID, root, certified)];
      const test = await start(
        { statements, minimumLevel: 'FIDO_CERTIFIED_L2' },
        { allowedAaguids: [AAGUID] },
      );
      expect(await registration(test, { aaguid: AAGUID, attest: packedBy(leaf) })).toBe(REFUSED);
      expect(await registration(test, await genuine())).toBe('attested');
      await test.close();
    }
  });

  it('does not attest a model that only vouches for itself', async () => {
    const { metadataStatement, ...entry } = entryOf(AAGUID, root);
    const surrogate = {
      ...entry,
      metadataStatement: { ...metadataStatement!, attestationTypes: ['basic_surrogate'] },
    };
    const other = await start({ statements: [surrogate] });
    expect(await registration(other, await genuine())).toBe(REFUSED);
    await other.close();
  });

  it('takes for a model in it no other root, and for others those of `attestationRoots`', async () => {
    const vendor = await makeRoot({ subject: 'CN=Another vendor' });
    const both = await start(signedBy(publisher, [entryOf(AAGUID, root)]), {
      attestationRoots: [pemOf(vendor)],
    });
    const by = async (aaguid: string) => ({ aaguid, attest: packedBy(await makeLeaf(vendor, aaguid)) });
    expect(await registration(both, await by(OTHER_AAGUID))).toBe('attested');
    expect(await registration(both, await by(AAGUID))).toBe(REFUSED);
    expect(await registration(both, await genuine())).toBe('attested');
    await both.close();
  });

  it('lets in the named models only, also by enterprise attestation', async () => {
    const known = [entryOf(AAGUID, root), entryOf(OTHER_AAGUID, root)];
    const listed = await start(
      { statements: known },
      { attestation: 'enterprise', allowedAaguids: [OTHER_AAGUID] },
    );
    const { client } = await signIn(listed);
    expect((await client.post('/mfa/webauthn/options')).body.attestation).toBe('enterprise');
    expect(await registration(listed, await genuine())).toBe(REFUSED);
    expect(await registration(listed, await genuine(OTHER_AAGUID))).toBe('attested');
    expect(listed.logger.lines.join('\n')).not.toContain('can identify individual devices');
    await listed.close();
    const open = await start({ statements: known }, { attestation: 'enterprise' });
    expect(open.logger.lines.join('\n')).toContain(
      'list the models that you hand out in `webauthn.allowedAaguids`',
    );
    await open.close();
  });
});

describe('status reports', () => {
  const outcome = async (reports: MetadataStatusReport[], more: Partial<Metadata> = {}): Promise<string> => {
    const test = await start({ statements: [entryOf(AAGUID, root, reports)], ...more });
    const result = await registration(test, await genuine());
    await test.close();
    return result;
  };

  it.each([
    'REVOKED',
    'USER_VERIFICATION_BYPASS',
    'ATTESTATION_KEY_COMPROMISE',
    'USER_KEY_REMOTE_COMPROMISE',
    'USER_KEY_PHYSICAL_COMPROMISE',
  ])('refuse a model that is %s', async (status) => {
    const certified = { status: 'FIDO_CERTIFIED_L1', effectiveDate: '2026-06-01' };
    expect(await outcome([{ status, effectiveDate: '2026-01-01' }, certified])).toBe(REFUSED);
    expect(await outcome([{ status }])).toBe(REFUSED);
    expect(await outcome([{ status, effectiveDate: 'soon' }])).toBe(REFUSED);
  });

  it('refuse also what says by itself that it is of that model', async () => {
    const revoked = entryOf(AAGUID, root, [{ status: 'REVOKED' }]);
    const test = await start({ statements: [revoked] }, { attestation: 'indirect' });
    expect(await registration(test, { aaguid: AAGUID, attest: packedBySelf })).toBe(REFUSED);
    await test.close();
  });

  it('count from their day on', async () => {
    const test = await start({
      statements: [entryOf(AAGUID, root, [{ status: 'REVOKED', effectiveDate: '2027-01-16' }])],
    });
    expect(await registration(test, await genuine())).toBe('attested');
    test.clock.advance(DAY);
    expect(await registration(test, await genuine())).toBe(REFUSED);
    await test.close();
  });

  it('refuse what `rejectStatuses` says, and nothing else', async () => {
    expect(await outcome([{ status: 'UPDATE_AVAILABLE' }])).toBe('attested');
    expect(await outcome([{ status: 'UPDATE_AVAILABLE' }], { rejectStatuses: ['UPDATE_AVAILABLE'] })).toBe(
      REFUSED,
    );
    expect(await outcome([{ status: 'REVOKED' }], { rejectStatuses: ['UPDATE_AVAILABLE'] })).toBe('attested');
  });

  it('about one certificate refuse the keys that were attested by it', async () => {
    const authority = await issue({ subject: 'CN=Broken batch', issuer: root, ca: true });
    const certificate = derOf(authority).toString('base64');
    const test = await start({
      statements: [entryOf(AAGUID, root, [{ status: 'ATTESTATION_KEY_COMPROMISE', certificate }])],
    });
    const broken = packedBy(await makeLeaf(authority, AAGUID), authority);
    expect(await registration(test, { aaguid: AAGUID, attest: broken })).toBe(REFUSED);
    expect(await registration(test, await genuine())).toBe('attested');
    await test.close();
  });

  const certified = (level: string, effectiveDate = '2025-01-01') => ({
    status: `FIDO_CERTIFIED${level}`,
    effectiveDate,
  });
  it.each<[string, MetadataStatusReport[], string]>([
    ['the level', [certified('_L2')], 'attested'],
    ['one above', [certified('_L2plus')], 'attested'],
    ['the highest', [certified('_L3plus')], 'attested'],
    ['the level below', [certified('_L1plus')], REFUSED],
    ['the scheme from before the levels', [certified('')], REFUSED],
    ['none', [{ status: 'NOT_FIDO_CERTIFIED' }], REFUSED],
    ['no report', [], REFUSED],
    ['the level, and as usual the old scheme of the same day', [certified('_L2'), certified('')], 'attested'],
    ['a newer lower one', [certified('_L2'), certified('_L1', '2026-01-01')], REFUSED],
    ['a newer higher one, named first', [certified('_L2', '2026-01-01'), certified('_L1')], 'attested'],
    [
      'one that ended',
      [certified('_L2'), { status: 'NOT_FIDO_CERTIFIED', effectiveDate: '2026-01-01' }],
      REFUSED,
    ],
    ['one that begins later', [certified('_L2', '2027-02-01')], REFUSED],
  ])('hold a certification against `minimumLevel`: %s', async (_, reports, expected) => {
    expect(await outcome(reports, { minimumLevel: 'FIDO_CERTIFIED_L2' })).toBe(expected);
  });

  it('let nothing in below `minimumLevel` with `indirect` either', async () => {
    const test = await start(
      { statements: [entryOf(AAGUID, root)], minimumLevel: 'FIDO_CERTIFIED_L1' },
      { attestation: 'indirect' },
    );
    expect(await registration(test, await genuine())).toBe('attested');
    expect(await registration(test, { aaguid: AAGUID, attest: packedBySelf })).toBe(REFUSED);
    expect(await registration(test, {})).toBe(REFUSED);
    await test.close();
  });
});

describe('the signature of a BLOB', () => {
  it.each([false, true])('is taken from a path to the root (RSA: %s)', async (rsa) => {
    const who = await makePublisher({ rsa });
    const test = await start(signedBy(who, [entryOf(AAGUID, root)]));
    expect(await registration(test, await genuine())).toBe('attested');
    await test.close();
  });

  it('may be checked to a root in DER, and over an authority', async () => {
    const authority = await issue({ subject: 'CN=Metadata CA', issuer: publisher.root, ca: true });
    const signer = await issue({ subject: 'CN=Signer', issuer: authority, ca: false });
    const x5c = [signer, authority].map((one) => derOf(one).toString('base64'));
    const blob = blobOf({ root: publisher.root, signer }, { entries: [entryOf(AAGUID, root)] }, { x5c });
    const test = await start({ blob, rootCertificates: [derOf(publisher.root)] });
    expect(await registration(test, await genuine())).toBe('attested');
    await test.close();
  });

  it('stops the boot when it does not hold', async () => {
    const rootCertificates = [pemOf(publisher.root)];
    const [head, , signature] = blobOf(publisher, {}).split('.');
    await expect(start({ blob: `${head}.e30.${signature}`, rootCertificates })).rejects.toThrow(
      /`webauthn\.metadata\.blob` can't be used: its signature is invalid\. Use the BLOB/,
    );
    await expect(start({ file: '/nowhere/blob.jwt', rootCertificates })).rejects.toThrow(
      /`webauthn\.metadata\.file` can't be used: ENOENT/,
    );
    const fails = () => Promise.reject(new Error('no network'));
    await expect(start({ blob: fails, rootCertificates })).rejects.toThrow(/can't be used: no network/);
    await expect(start({ blob: (() => 1) as never, rootCertificates })).rejects.toThrow(
      /did not return a string/,
    );
    await expect(start({ blob: blobOf(publisher, {}) })).rejects.toThrow(/do not chain to a trusted root/);
  });
});

describe('newer metadata', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-mds-'));
  const file = join(folder, 'blob.jwt');
  afterAll(() => rmSync(folder, { recursive: true }));
  const put = (text: string) => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  const revoked = () => [entryOf(AAGUID, root, [{ status: 'REVOKED' }])];
  const of = (entries: FidoMetadataEntry[], no: number) => blobOf(publisher, { entries, no });

  it('is read from a file that has changed, and an older edition is not taken', async () => {
    put(of([entryOf(AAGUID, root)], 7));
    const test = await start({ file, rootCertificates: [pemOf(publisher.root)] });
    const logged = () => test.logger.lines.filter((line) => line.includes('was rejected'));
    expect(await registration(test, await genuine())).toBe('attested');
    put(of(revoked(), 8));
    expect(await registration(test, await genuine())).toBe(REFUSED);
    put(of([entryOf(AAGUID, root)], 7));
    expect(await registration(test, await genuine())).toBe(REFUSED);
    expect(logged()).toEqual([expect.stringContaining('its number (\`no\`) is 7, but 8 was seen before')]);
    put(blobOf(await makePublisher(), { entries: [entryOf(AAGUID, root)], no: 9 }));
    expect(await registration(test, await genuine())).toBe(REFUSED);
    expect(await registration(test, await genuine())).toBe(REFUSED);
    // Once per file, not once per registration.
    expect(logged()).toHaveLength(2);
    rmSync(file);
    expect(await registration(test, await genuine())).toBe(REFUSED);
    put(of([entryOf(AAGUID, root)], 9));
    expect(await registration(test, await genuine())).toBe('attested');
    await test.close();
  });

  it('is asked of the function once a day, and what is known stays when that fails', async () => {
    let text: () => string | Promise<string> = () => of([entryOf(AAGUID, root)], 7);
    let asked = 0;
    const blob = () => {
      asked += 1;
      return text();
    };
    const test = await start({ blob, rootCertificates: [pemOf(publisher.root)], everySeconds: 1 });
    expect(asked).toBe(1);
    text = () => Promise.reject(new Error('no network'));
    await expect(test.app.get(MfaAdminService).reportRevokedModels()).resolves.toBe(0);
    expect(asked).toBe(2);
    expect(test.logger.lines.join('\n')).toContain('the current metadata stays in use: no network');
    expect(await registration(test, await genuine())).toBe('attested');
    text = () => of(revoked(), 8);
    expect(await registration(test, await genuine())).toBe('attested');
    test.clock.advance(DAY);
    await eventually('newer metadata', () => asked === 3);
    expect(await registration(test, await genuine())).toBe(REFUSED);
    await test.close();
  });

  it('is asked for in the log once a day when its time is over, and goes on to count', async () => {
    const outdated = { nextUpdate: '2027-01-14' };
    const test = await start(signedBy(publisher, [entryOf(AAGUID, root)], outdated));
    const warnings = () => test.logger.lines.filter((line) => line.includes('is out of date')).length;
    expect(await registration(test, await genuine())).toBe('attested');
    const admin = test.app.get(MfaAdminService);
    await admin.reportRevokedModels();
    expect(warnings()).toBe(1);
    test.clock.advance(DAY);
    await admin.reportRevokedModels();
    await admin.reportRevokedModels();
    expect(warnings()).toBe(2);
    await test.close();
  });

  it('is needed with `strict`, at boot and later', async () => {
    const metadata = (nextUpdate: string) => ({
      ...signedBy(publisher, [entryOf(AAGUID, root)], { nextUpdate }),
      strict: true,
    });
    await expect(start(metadata('2027-01-14'))).rejects.toThrow(/`webauthn\.metadata\.blob` is out of date/);
    const test = await start(metadata('2027-01-15'));
    const { client, id } = await signIn(test);
    const key = new SoftwareAuthenticator();
    expect((await register(client, key, {}, await genuine())).status).toBe(201);
    expect((await client.get('/assured/attested')).status).toBe(200);
    test.clock.advance(DAY);
    expect(await registration(test, await genuine())).toBe(REFUSED);
    const later = await halfSignIn(test, { id });
    expect((await assertKey(later, key)).status).toBe(200);
    expect((await later.get('/assured/attested')).status).toBe(403);
    await test.close();
  });
});

describe('a model that is revoked later', () => {
  /** Metadata that a test can change, read by two applications on one database. */
  async function pair(first: FidoMetadataEntry[]) {
    const state = { entries: first, no: 7 };
    const metadata = {
      blob: () => blobOf(publisher, state),
      rootCertificates: [pemOf(publisher.root)],
    };
    const { orm, drop } = await sharedDatabase();
    const mfa = { audit: { enabled: true }, retention: { batchSize: 2 } };
    const apps = [await start(metadata, {}, { orm, mfa }), await start(metadata, {}, { orm, mfa })] as const;
    const events: MfaEvent<'mfa.authenticator.model_revoked'>[] = [];
    for (const { app } of apps)
      app.get(MfaEvents).on('mfa.authenticator.model_revoked', (event) => events.push(event));
    return {
      apps,
      events,
      /** Publishes other metadata and lets both applications look at once; returns how many keys they reported. */
      publish: async (entries: FidoMetadataEntry[]) => {
        Object.assign(state, { entries, no: state.no + 1 });
        const counts = await Promise.all(
          apps.map(({ app }) => app.get(MfaAdminService).reportRevokedModels()),
        );
        return counts.reduce((sum, count) => sum + count, 0);
      },
      close: async () => {
        for (const app of apps) await app.close();
        await drop();
      },
    };
  }

  const holder = async (test: TestApp, tampering: Tampering) => {
    const { client, id } = await signIn(test);
    const key = new SoftwareAuthenticator();
    const { status, body } = await register(client, key, {}, tampering);
    expect(status).toBe(201);
    return { client, id, key, authenticatorId: body.authenticator.id as string };
  };
  const again = async (test: TestApp, { id }: { id: string }): Promise<Client> => {
    const client = test.client();
    await client.post('/login', { id });
    return client;
  };

  it('is told of once for each of its keys, whichever instance sees it, and again when it gets worse', async () => {
    const known = [entryOf(AAGUID, root), entryOf(OTHER_AAGUID, root)];
    const { apps, events, publish, close } = await pair(known);
    const holders = [];
    for (let i = 0; i < 5; i++) holders.push(await holder(apps[i % 2 === 0 ? 0 : 1], await genuine()));
    const spared = await holder(apps[0], await genuine(OTHER_AAGUID));
    expect(await publish(known)).toBe(0);
    const broken = (...reports: MetadataStatusReport[]) => [
      entryOf(AAGUID, root, reports),
      entryOf(OTHER_AAGUID, root),
    ];
    const bypass = { status: 'USER_VERIFICATION_BYPASS', effectiveDate: '2027-01-10' };
    expect(await publish(broken(bypass))).toBe(5);
    expect(events.map(({ userId }) => userId).sort()).toEqual(holders.map(({ id }) => id).sort());
    const [first] = events;
    expect(first).toMatchObject({
      actor: { type: 'admin', id: null },
      data: {
        authenticator: { type: 'webauthn', name: 'Master key' },
        aaguid: AAGUID,
        model: 'Vendor Key 5',
        status: 'USER_VERIFICATION_BYPASS',
        since: '2027-01-10T00:00:00.000Z',
      },
    });
    expect(await publish(broken(bypass))).toBe(0);
    const mails = apps
      .flatMap(({ adapter }) => adapter.notifications)
      .filter(({ type }) => type === 'authenticator_model_revoked');
    expect(mails).toHaveLength(5);
    expect(mails[0]?.text).toContain('The key still works,');
    const { entries } = await apps[0].app
      .get(MfaAuditService)
      .find({ userId: holders[0]!.id, types: ['mfa.authenticator.model_revoked'] });
    expect(entries).toHaveLength(1);
    expect(await publish(broken(bypass, { status: 'REVOKED', effectiveDate: '2027-01-15' }))).toBe(5);
    expect(events.at(-1)?.data.status).toBe('REVOKED');
    expect(events.filter(({ userId }) => userId === spared.id)).toEqual([]);
    await close();
  });

  it('leaves its keys as they are, and they are attested no more at their next use', async () => {
    const other = entryOf(OTHER_AAGUID, root);
    const { apps, publish, close } = await pair([entryOf(AAGUID, root), other]);
    const [test] = apps;
    const owner = await holder(test, await genuine());
    expect((await owner.client.get('/assured/attested')).status).toBe(200);
    expect(await publish([entryOf(AAGUID, root, [{ status: 'REVOKED' }]), other])).toBe(1);
    const client = await again(test, owner);
    const { body } = await assertKey(client, owner.key);
    expect(body).toMatchObject({ status: 'authenticated' });
    expect(body.proven.at(-1)).toMatchObject({ method: 'webauthn', attested: false });
    // If the user also has a key of another model, this one isn't asked for.
    const spare = new SoftwareAuthenticator();
    const added = await register(client, spare, {}, await genuine(OTHER_AAGUID));
    expect(added.status).toBe(201);
    const { body: options } = await client.post('/mfa/authenticate/webauthn/options', { attested: true });
    expect(options.allowCredentials.map((one: { id: string }) => one.id)).toEqual([
      spare.credentialId.toString('base64url'),
    ]);
    await client.delete(`/mfa/authenticators/${added.body.authenticator.id}`);
    const alone = await again(test, owner);
    await assertKey(alone, owner.key);
    const refused = await alone.get('/assured/attested');
    expect([refused.status, refused.body.code]).toEqual([403, 'mfa_enrollment_required']);
    await close();
  });

  it('is found by the keys of the attestation where it has no AAGUID, or is about a batch', async () => {
    const leaf = await makeLeaf(root, null);
    const other = await makeLeaf(root, null);
    const batch = await issue({ subject: 'CN=Batch', issuer: root, ca: true });
    const entries = [u2fEntryOf(leaf, root), u2fEntryOf(other, root), entryOf(AAGUID, root)];
    const { apps, events, publish, close } = await pair(entries);
    const u2f = await holder(apps[0], { attest: u2fBy(leaf) });
    await holder(apps[0], { attest: u2fBy(other) });
    const ofBatch = await holder(apps[0], {
      aaguid: AAGUID,
      attest: packedBy(await makeLeaf(batch, AAGUID), batch),
    });
    await holder(apps[0], await genuine());
    const compromised = {
      status: 'ATTESTATION_KEY_COMPROMISE',
      certificate: derOf(batch).toString('base64'),
    };
    const worse = [
      u2fEntryOf(leaf, root, [{ status: 'REVOKED' }]),
      u2fEntryOf(other, root),
      entryOf(AAGUID, root, [compromised]),
    ];
    expect(await publish(worse)).toBe(2);
    expect(events.map(({ userId }) => userId).sort()).toEqual([u2f.id, ofBatch.id].sort());
    const exported = await apps[0].app.get(MfaService).exportUser(u2f.id);
    expect(exported.authenticators.find(({ type }) => type === 'webauthn')?.credential).toMatchObject({
      attested: true,
      attestationKeys: [keyIdentifierOf(leaf), keyIdentifierOf(root)],
      modelRejectedAt: '1970-01-01T00:00:00.000Z',
    });
    await close();
  });

  it('is looked for by itself, and costs no statement where no model is rejected', async () => {
    const state = { entries: [entryOf(AAGUID, root)], no: 7 };
    const metadata = { blob: () => blobOf(publisher, state), rootCertificates: [pemOf(publisher.root)] };
    const test = await start({ ...metadata, everySeconds: 1 });
    const owner = await holder(test, await genuine());
    const admin = test.app.get(MfaAdminService);
    expect(await test.logger.statementsOf(() => admin.reportRevokedModels())).toEqual([]);
    const events: MfaEvent[] = [];
    test.app.get(MfaEvents).on('mfa.authenticator.model_revoked', (event) => events.push(event));
    Object.assign(state, { entries: [entryOf(AAGUID, root, [{ status: 'REVOKED' }])], no: 8 });
    test.clock.advance(DAY);
    await eventually('report', () => events.length === 1);
    expect(events[0]).toMatchObject({ userId: owner.id, actor: { type: 'application', id: null } });
    await test.close();
  });

  it('is told of a key too whose user the application does not know any more', async () => {
    const { apps, events, publish, close } = await pair([entryOf(AAGUID, root)]);
    const gone = await holder(apps[0], await genuine());
    const other = await holder(apps[0], await genuine());
    for (const { adapter } of apps)
      adapter.findUser = (id) => (id === gone.id ? null : { id: String(users.get(id)?.id) });
    expect(await publish([entryOf(AAGUID, root, [{ status: 'REVOKED' }])])).toBe(2);
    expect(events.map(({ userId }) => userId).sort()).toEqual([gone.id, other.id].sort());
    await close();
  });

  it('goes on with the others when one can’t be told of', async () => {
    const { apps, publish, close } = await pair([entryOf(AAGUID, root)]);
    const lost = await holder(apps[0], await genuine());
    await holder(apps[0], await genuine());
    for (const { adapter } of apps) {
      const find = adapter.findUser.bind(adapter);
      adapter.findUser = (id) => {
        if (id === lost.id) throw new Error('no such table');
        return find(id);
      };
    }
    expect(await publish([entryOf(AAGUID, root, [{ status: 'REVOKED' }])])).toBe(1);
    // Nest's logger belongs to the application that was created last.
    expect(apps[1].logger.lines.join('\n')).toContain('is revoked: no such table');
    for (const { adapter } of apps) adapter.findUser = (id) => users.get(id) ?? null;
    expect(await publish([entryOf(AAGUID, root, [{ status: 'REVOKED' }])])).toBe(1);
    await close();
  });

  it('is nothing without metadata', async () => {
    const test = await startTestApp({ mfa: { webauthn: RELYING_PARTY } });
    await expect(test.app.get(MfaAdminService).reportRevokedModels()).rejects.toThrow(
      '`webauthn.metadata` is not set',
    );
    await test.close();
  });
});

describe('the row of an attested key', () => {
  it('is refused when somebody with the database alone takes away or changes what it was attested by', async () => {
    const test = await start({ statements: [entryOf(AAGUID, root)] });
    for (const keys of ["'0000'", 'NULL']) {
      const { client, id } = await signIn(test);
      const key = new SoftwareAuthenticator();
      await register(client, key, {}, await genuine());
      await test.dataSource.query(
        `UPDATE mfa_webauthn_credential SET attestation_keys = ${keys} WHERE user_id = '${id}'`,
      );
      const half = test.client();
      await half.post('/login', { id });
      expect((await assertKey(half, key)).status).toBe(400);
    }
    await test.close();
  });
});

describe('the command `report-revoked-models`', () => {
  it('reports, and says how many', async () => {
    const reports: MetadataStatusReport[] = [];
    const { path, run, remove } = testCli((database) => ({
      module: class AppModule {},
      imports: [
        TypeOrmModule.forRoot({
          type: 'better-sqlite3',
          database,
          autoLoadEntities: true,
          synchronize: true,
        }),
        MfaModule.forRoot({
          secret: SECRET,
          controllers: false,
          webauthn: {
            ...RELYING_PARTY,
            attestation: 'direct',
            metadata: { statements: [entryOf(AAGUID, root, reports)] },
          },
        }),
      ],
    }));
    const orm = { type: 'better-sqlite3', database: path('app.sqlite') } as const;
    const test = await start({ statements: [entryOf(AAGUID, root)] }, {}, { orm });
    expect(await registration(test, await genuine())).toBe('attested');
    await test.close();
    await expect(run('report-revoked-models')).resolves.toBe('0 keys of revoked models were reported');
    // The command uses the real time.
    reports.push({ status: 'REVOKED', effectiveDate: '2024-01-01' });
    await expect(run('report-revoked-models')).resolves.toBe('1 keys of revoked models were reported');
    await expect(run('report-revoked-models')).resolves.toBe('0 keys of revoked models were reported');
    remove();
  });
});

describe('the option `webauthn.metadata`', () => {
  it('may come from a factory', async () => {
    const { orm, drop } = await emptyDatabase();
    const module = await Test.createTestingModule({
      imports: [
        TypeOrmModule.forRoot({ autoLoadEntities: true, synchronize: true, ...orm }),
        MfaModule.forRootAsync({
          adapter: TestAdapter,
          useFactory: () => ({
            secret: SECRET,
            webauthn: {
              ...RELYING_PARTY,
              attestation: 'direct' as const,
              metadata: {
                ...signedBy(publisher, [entryOf(AAGUID, root)]),
                minimumLevel: 'FIDO_CERTIFIED_L1' as const,
              },
            },
          }),
        }),
      ],
    })
      .overrideProvider(MFA_CLOCK)
      .useValue(new TestClock())
      .compile();
    const app = module.createNestApplication({ logger: new MemoryLogger() });
    await app.init();
    expect(app.get(MFA_OPTIONS).webauthn.metadata).toMatchObject({ everySeconds: 3600, strict: false });
    await app.close();
    await drop();
  });

  const PEM_LESS = 'certificates in PEM, or in DER as bytes';
  it.each<[string, object, string]>([
    ['nothing', {}, 'needs exactly one of `statements`, `blob` and `file`; it has none'],
    [
      'two sources',
      { file: 'a', blob: 'b' },
      'exactly one of `statements`, `blob` and `file`; it has blob, file',
    ],
    ['an unknown option', { blob: 'b', url: 'x' }, '`webauthn.metadata.url` is not an option'],
    ['no list', { statements: {} }, '`webauthn.metadata.statements` must be a list'],
    ['an empty list', { statements: [] }, '`webauthn.metadata.statements` must be a list'],
    [
      'a blob of another kind',
      { blob: 7 },
      '`webauthn.metadata.blob` must be the BLOB as a string, or a function',
    ],
    ['a wrong root', { blob: 'b', rootCertificates: ['x'] }, PEM_LESS],
    ['a wrong level', { blob: 'b', minimumLevel: 'L2' }, '`webauthn.metadata.minimumLevel` must be one of'],
    [
      'a wrong status',
      { blob: 'b', rejectStatuses: ['BAD'] },
      '`webauthn.metadata.rejectStatuses` must be a list of',
    ],
    ['no status', { blob: 'b', rejectStatuses: [] }, '`webauthn.metadata.rejectStatuses` must be a list of'],
    [
      'a level without reports',
      { statements: [{}], minimumLevel: 'FIDO_CERTIFIED_L1' },
      'would refuse every key',
    ],
    ['`strict` without a BLOB', { statements: [{}], strict: true }, 'leave them out with `statements`'],
    ['no statement', { statements: [{ aaguid: AAGUID }] }, '`webauthn.metadata.statements[0]` must be'],
    ['no object', { statements: [null] }, '`webauthn.metadata.statements[0]` must be'],
    [
      'a statement about no model',
      { statements: [{ description: 'x', attestationRootCertificates: [], aaguid: newUserId() }] },
      '`webauthn.metadata.statements[0]` must be',
    ],
  ])('stops the boot with %s', async (_, metadata, problem) => {
    await expect(start(metadata as Metadata)).rejects.toThrow(problem);
  });

  it('needs attestation', async () => {
    await expect(start({ statements: [entryOf(AAGUID, root)] }, { attestation: 'none' })).rejects.toThrow(
      '`webauthn.metadata` needs `webauthn.attestation`',
    );
  });

  it('takes statements without reports', async () => {
    const { metadataStatement } = entryOf(AAGUID, root);
    const test = await start({ statements: [metadataStatement!] });
    expect(await registration(test, await genuine())).toBe('attested');
    await test.close();
  });
});
