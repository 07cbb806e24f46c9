import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Logger } from '@nestjs/common';

import type { Identity } from '../../../../../../test/support/attestation.js';
import { derOf, issue, makeRoot, pemOf } from '../../../../../../test/support/attestation.js';
import { TestClock } from '../../../../../../test/support/clock.js';
import type { Publisher } from '../../../../../../test/support/metadata.js';
import {
  blobOf,
  entryOf,
  keyIdentifierOf,
  makePublisher,
  u2fEntryOf,
} from '../../../../../../test/support/metadata.js';
import type {
  CertificationLevel,
  FidoMetadataEntry,
  ResolvedMetadataOptions,
} from '../../../options/metadata-options.js';
import { readCertificate } from '../../../core/crypto/certificates.js';
import { FIDO_TRUST } from './mds-roots.js';
import { NO_AAGUID } from './model-catalogue.js';
import { ModelMetadata } from './model-metadata.js';

const AAGUID = '2fc0579f-8113-47ea-b116-bb5a8db9202a';
const OTHER_AAGUID = 'fa2b99dc-9e39-4257-8f92-4a30d23c4118';
const DAY = 86_400;
const NEW_DAY = '2027-01-16';

let root: Identity;
let u2f: Identity;
let publisher: Publisher;
let clock: TestClock;
const logged: string[] = [];
beforeAll(async () => {
  root = await makeRoot();
  u2f = await issue({ subject: 'CN=U2F', issuer: root, ca: false });
  publisher = await makePublisher();
  for (const level of ['warn', 'error'] as const)
    jest.spyOn(Logger.prototype, level).mockImplementation((text: string) => void logged.push(text));
});
afterAll(() => void jest.restoreAllMocks());
beforeEach(() => {
  clock = new TestClock();
  logged.length = 0;
});

/** Metadata that isn't read yet. */
const metadataWith = (options: Partial<ResolvedMetadataOptions> | null) => {
  const metadata = options && {
    rejectStatuses: ['REVOKED'],
    rootCertificates: [pemOf(publisher.root)],
    strict: false,
    ...options,
  };
  return new ModelMetadata({ webauthn: { metadata } } as never, clock);
};
const booted = async (options: Partial<ResolvedMetadataOptions> | null) => {
  const metadata = metadataWith(options);
  await metadata.onModuleInit();
  return metadata;
};

const known = () => [entryOf(AAGUID, root)];
const revoked = () => [entryOf(AAGUID, root, [{ status: 'REVOKED' }])];
const blob = (entries: FidoMetadataEntry[], payload: object = {}) =>
  blobOf(publisher, { entries, ...payload });
const keysOf = (aaguid: string, attestationKeys: string[] | null = null) => ({ aaguid, attestationKeys });
const statusOf = (metadata: ModelMetadata, aaguid = AAGUID, keys: string[] | null = null) =>
  metadata.rejectionOf(keysOf(aaguid, keys))?.status ?? null;

/** A function that fails with whatever an application throws. */
const failing = (reason: Error) => () => Promise.reject(reason);

/** A function of the option `blob` that a test can change, and how often it was asked. */
const source = (first: string) => {
  const state = {
    text: (): unknown => first,
    asked: 0,
    blob: () => {
      state.asked += 1;
      return state.text() as string;
    },
  };
  return state;
};

describe('without the option', () => {
  it.each([null, undefined])(
    'nothing is known, nothing rejected and all certified (webauthn: %s)',
    async (webauthn) => {
      const metadata = new ModelMetadata({ webauthn } as never, clock);
      await metadata.onModuleInit();
      await metadata.refresh();
      await metadata.refreshFile();
      expect([metadata.isOn, metadata.isSilent, metadata.find(keysOf(AAGUID))]).toEqual([false, false, null]);
      expect(metadata.rejectionOf(keysOf(AAGUID))).toBeNull();
      expect(metadata.isCertified(null)).toBe(true);
      expect(metadata.rejectedModels()).toEqual({ aaguids: [], hasOthers: false });
      expect(logged).toEqual([]);
    },
  );
});

describe('statements', () => {
  it('are all read, and never out of date', async () => {
    const metadata = await booted({ statements: [...revoked(), entryOf(OTHER_AAGUID, root)], strict: true });
    expect([metadata.isOn, metadata.isSilent]).toEqual([true, false]);
    expect([statusOf(metadata), statusOf(metadata, OTHER_AAGUID)]).toEqual(['REVOKED', null]);
    expect(metadata.find(keysOf(OTHER_AAGUID))?.name).toBe('Vendor Key 5');
    clock.advance(100 * 365 * DAY);
    await metadata.refresh();
    expect([metadata.isSilent, logged]).toEqual([false, []]);
  });

  it('stop the boot if one can’t be read, which is named', async () => {
    const statements = [...known(), {}, ...known(), null] as FidoMetadataEntry[];
    await expect(booted({ statements })).rejects.toMatchObject({
      name: 'MfaOptionsError',
      problems: [1, 3].map(
        (index) =>
          `\`webauthn.metadata.statements[${index}]\` must be a metadata statement (with \`aaguid\` or \`attestationCertificateKeyIdentifiers\`, \`description\` and \`attestationRootCertificates\`), or an entry with one and \`statusReports\``,
      ),
    });
  });
});

describe('what is known of models', () => {
  it('tells which may be rejected now', async () => {
    const u2fRevoked = u2fEntryOf(u2f, root, [{ status: 'REVOKED', effectiveDate: NEW_DAY }]);
    const metadata = await booted({ statements: [...revoked(), entryOf(OTHER_AAGUID, root), u2fRevoked] });
    expect(metadata.rejectedModels()).toEqual({ aaguids: [AAGUID], hasOthers: false });
    clock.advance(DAY);
    expect(metadata.rejectedModels()).toEqual({ aaguids: [AAGUID], hasOthers: true });
  });

  it('counts a report about one certificate among them, whichever keys it attests', async () => {
    const certificate = derOf(u2f).toString('base64');
    const statements = [entryOf(AAGUID, root, [{ status: 'ATTESTATION_KEY_COMPROMISE', certificate }])];
    const metadata = await booted({ statements, rejectStatuses: ['ATTESTATION_KEY_COMPROMISE'] });
    expect(metadata.rejectedModels().aaguids).toEqual([AAGUID]);
    expect(statusOf(metadata, AAGUID, [keyIdentifierOf(root)])).toBeNull();
    expect(statusOf(metadata, AAGUID, [keyIdentifierOf(u2f)])).toBe('ATTESTATION_KEY_COMPROMISE');
  });

  it('rejects whatever says that it is a model, with the attestation of a rejected U2F model', async () => {
    const metadata = await booted({
      statements: [...known(), u2fEntryOf(u2f, root, [{ status: 'REVOKED' }])],
    });
    const key = keyIdentifierOf(u2f);
    expect(statusOf(metadata, NO_AAGUID, [key])).toBe('REVOKED');
    expect(statusOf(metadata, AAGUID, [key])).toBe('REVOKED');
    expect(statusOf(metadata, OTHER_AAGUID, [key])).toBe('REVOKED');
    expect(statusOf(metadata, AAGUID, [keyIdentifierOf(root)])).toBeNull();
    expect(statusOf(metadata, OTHER_AAGUID, null)).toBeNull();
  });

  it('knows the attestation keys of U2F models', async () => {
    const metadata = await booted({ statements: [...known(), u2fEntryOf(u2f, root)] });
    expect(metadata.isOfU2f(keyIdentifierOf(u2f))).toBe(true);
    expect(metadata.isOfU2f(keyIdentifierOf(root))).toBe(false);
    expect(metadata.isOfU2f(undefined)).toBe(false);
  });

  it.each<[CertificationLevel | undefined, boolean, boolean]>([
    [undefined, true, true],
    ['FIDO_CERTIFIED_L1', true, false],
    ['FIDO_CERTIFIED_L2', false, false],
  ])(
    'with the minimum level %s, its certification suffices: %s; of none: %s',
    async (minimumLevel, ...suffices) => {
      const metadata = await booted({ statements: known(), minimumLevel });
      const models = [metadata.find(keysOf(AAGUID)), null];
      expect(models.map((model) => metadata.isCertified(model))).toEqual(suffices);
    },
  );
});

describe('a BLOB at boot', () => {
  it('is read', async () => {
    const metadata = await booted({ blob: blob(revoked()) });
    expect([metadata.isOn, statusOf(metadata), logged]).toEqual([true, 'REVOKED', []]);
  });

  it.each([
    ['blob', { blob: 'x' }, 'it is not a JWS of three parts'],
    ['blob', { blob: failing(new Error('no network')) }, 'no network'],
    ['blob', { blob: failing('just a text' as never) }, 'just a text'],
    ['blob', { blob: failing({ message: 7 } as never) }, '[object Object]'],
    ['blob', { blob: failing(null as never) }, 'null'],
    ['blob', { blob: (() => 7) as never }, 'the function did not return a string'],
    ['file', { file: '/nowhere/blob.jwt' }, "ENOENT: no such file or directory, open '/nowhere/blob.jwt'"],
  ])('stops it if it can’t be used, and names the option `%s`', async (name, options, why) => {
    await expect(booted(options)).rejects.toMatchObject({
      name: 'MfaOptionsError',
      problems: [
        `\`webauthn.metadata.${name}\` can't be used: ${why}. Use the BLOB of https://mds3.fidoalliance.org exactly as published, or set \`webauthn.metadata.rootCertificates\` for a BLOB from another publisher`,
      ],
    });
  });

  it('must be FIDO’s own if no roots are given', async () => {
    const unsigned = { blob: blob(known()), rootCertificates: [] };
    await expect(booted(unsigned)).rejects.toThrow('do not chain to a trusted root');
    const fido = jest.replaceProperty(FIDO_TRUST, 'roots', [readCertificate(pemOf(publisher.root))!]);
    await expect(booted(unsigned)).rejects.toThrow('its certificate is not for mds.fidoalliance.org');
    fido.restore();
  });

  it.each([0, -1])('may have the number %i', async (no) => {
    expect(statusOf(await booted({ blob: blob(revoked(), { no }) }))).toBe('REVOKED');
  });

  it('must not be out of date with `strict`', async () => {
    const outdated = blob(known(), { nextUpdate: '2027-01-14' });
    await expect(booted({ blob: outdated, strict: true })).rejects.toMatchObject({
      problems: [
        '`webauthn.metadata.blob` is out of date (`nextUpdate`): use the newest BLOB, or leave `webauthn.metadata.strict` out',
      ],
    });
    expect((await booted({ blob: blob(known()), strict: true })).isSilent).toBe(false);
  });
});

describe('a BLOB whose `nextUpdate` has passed', () => {
  const LAST_DAY = { nextUpdate: '2027-01-15' };

  it('is silent with `strict`, from the end of that day on', async () => {
    const strict = await booted({ blob: blob(known(), LAST_DAY), strict: true });
    const lax = await booted({ blob: blob(known(), LAST_DAY) });
    clock.advance((Date.UTC(2027, 0, 16) - clock.now()) / 1000 - 1);
    expect([strict.isSilent, lax.isSilent]).toEqual([false, false]);
    clock.advance(1);
    expect([strict.isSilent, lax.isSilent]).toEqual([true, false]);
  });

  it('is warned of at boot, and then once a day', async () => {
    const metadata = await booted({ blob: blob(known(), { nextUpdate: '2027-01-14' }) });
    const warning =
      'The metadata is out of date (`nextUpdate`) and is used nevertheless: models that were revoked since then are not known. Use the newest BLOB';
    expect(logged).toEqual([warning]);
    clock.advance(DAY - 1);
    await metadata.refresh();
    expect(logged).toEqual([warning]);
    clock.advance(1);
    await metadata.refresh();
    expect(logged).toEqual([warning, warning]);
  });

  it('is warned of as attesting nothing with `strict`', async () => {
    const metadata = await booted({ blob: blob(known(), LAST_DAY), strict: true });
    clock.advance(DAY);
    await metadata.refresh();
    expect(logged).toEqual([expect.stringContaining('and no longer attests anything: models')]);
  });
});

describe('a function that returns the BLOB', () => {
  it('is asked again when a day has passed, or at once if it is due', async () => {
    const from = source(blob(known()));
    const metadata = await booted({ blob: from.blob });
    from.text = () => blob(revoked(), { no: 8 });
    clock.advance(DAY - 1);
    await metadata.refresh();
    await metadata.refreshFile();
    expect([from.asked, statusOf(metadata)]).toEqual([1, null]);
    clock.advance(1);
    await metadata.refresh();
    expect([from.asked, statusOf(metadata)]).toEqual([2, 'REVOKED']);
    await metadata.refresh();
    expect(from.asked).toBe(2);
    await metadata.refresh(true);
    expect(from.asked).toBe(3);
  });

  it('is asked once by all who want it at the same time, and again by the next', async () => {
    const from = source(blob(known()));
    const metadata = await booted({ blob: from.blob });
    await Promise.all([metadata.refresh(true), metadata.refresh(true)]);
    expect(from.asked).toBe(2);
    await metadata.refresh(true);
    expect(from.asked).toBe(3);
  });

  it('that fails leaves what is known, and is asked again the next time', async () => {
    const from = source(blob(revoked()));
    const metadata = await booted({ blob: from.blob });
    clock.advance(DAY);
    from.text = () => Promise.reject(new Error('no network'));
    await metadata.refresh();
    expect(statusOf(metadata)).toBe('REVOKED');
    expect(logged).toEqual(['New metadata was rejected, and the current metadata stays in use: no network']);
    from.text = () => blob(known(), { no: 8 });
    await metadata.refresh();
    expect([from.asked, statusOf(metadata)]).toEqual([3, null]);
  });

  it('is not obeyed with a lower number, but with an equal one', async () => {
    const from = source(blob(revoked(), { no: 8 }));
    const metadata = await booted({ blob: from.blob });
    from.text = () => blob(known(), { no: 7 });
    await metadata.refresh(true);
    expect(statusOf(metadata)).toBe('REVOKED');
    expect(logged).toEqual([expect.stringContaining('its number (`no`) is 7, but 8 was seen before')]);
    from.text = () => blob(known(), { no: 8 });
    await metadata.refresh(true);
    expect([statusOf(metadata), logged.length]).toEqual([null, 1]);
  });

  it('may return the same BLOB for longer than its certificates are valid', async () => {
    const notAfter = new Date(clock.now() + 1000);
    const signer = await issue({ subject: 'CN=Signer', issuer: publisher.root, ca: false, notAfter });
    const from = source(blobOf({ root: publisher.root, signer }, { entries: known() }));
    const metadata = await booted({ blob: from.blob });
    clock.advance(DAY);
    await metadata.refresh();
    expect([from.asked, logged]).toEqual([2, []]);
  });
});

describe('a BLOB that is a text', () => {
  it('is never read again', async () => {
    const metadata = await booted({ blob: blob(known()) });
    const again = jest.spyOn(metadata, 'refreshFile');
    await metadata.refresh(true);
    expect(again).toHaveBeenCalledTimes(1);
  });
});

describe('a file with the BLOB', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-mfa-models-'));
  const file = join(folder, 'blob.jwt');
  afterAll(() => rmSync(folder, { recursive: true }));
  const put = (text: string) => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };

  it.each(['refresh', 'refreshFile'] as const)(
    'is read again by `%s` when it has changed',
    async (method) => {
      put(blob(known()));
      const metadata = await booted({ file });
      put(blob(revoked(), { no: 8 }));
      expect(statusOf(metadata)).toBeNull();
      await metadata[method]();
      expect(statusOf(metadata)).toBe('REVOKED');
    },
  );

  it('is not read again while it is the same, if not for a day', async () => {
    put(blob(known(), { no: 8 }));
    const metadata = await booted({ file });
    put(blob(revoked(), { no: 7 }));
    for (let time = 0; time < 3; time += 1) await metadata.refresh();
    // It is refused once each time that it is read.
    expect(logged).toHaveLength(1);
    clock.advance(DAY);
    await metadata.refresh();
    expect(logged).toHaveLength(2);
  });

  it('that is gone is told of once, and read when it is there again', async () => {
    put(blob(known()));
    const metadata = await booted({ file });
    rmSync(file);
    await metadata.refreshFile();
    await metadata.refreshFile();
    expect(logged).toEqual([expect.stringContaining('stays in use: ENOENT')]);
    put(blob(revoked(), { no: 8 }));
    await metadata.refreshFile();
    expect(statusOf(metadata)).toBe('REVOKED');
  });
});
