import { beforeEach, describe, expect, it } from '@jest/globals';

import { derOf, makeRoot } from '../../../../../../test/support/attestation.js';
import { ModelCatalogue } from './model-catalogue.js';

const AAGUID = '2fc0579f-8113-47ea-b116-bb5a8db9202a';
const OTHER = 'fa2b99dc-9e39-4257-8f92-4a30d23c4118';
const NO_AAGUID = '00000000-0000-0000-0000-000000000000';
const KEY = 'a'.repeat(40);
const OTHER_KEY = 'b'.repeat(40);
const NOW = Date.UTC(2026, 0, 1);

const entry = (description: string, extra: object = {}) => ({
  aaguid: AAGUID,
  metadataStatement: { description, attestationRootCertificates: [] },
  statusReports: [],
  ...extra,
});
const report = (status: string, effectiveDate?: string) => ({
  statusReports: [{ status, ...(effectiveDate === undefined ? {} : { effectiveDate }) }],
});

describe('the catalogue of models', () => {
  let catalogue: ModelCatalogue;
  beforeEach(() => {
    catalogue = new ModelCatalogue();
  });

  const find = (aaguid: string, attestationKeys: string[] | null = null) =>
    catalogue.find({ aaguid, attestationKeys });
  const statusOf = (aaguid: string, keys: string[] | null = null) =>
    find(aaguid, keys)?.rejection(['REVOKED', 'USER_VERIFICATION_BYPASS'], null, NOW)?.status ?? null;

  it('knows a model by its AAGUID, however that is written', () => {
    expect(catalogue.add(entry('A key', { aaguid: AAGUID.toUpperCase() }))).toBe(true);
    expect(find(AAGUID)?.name).toBe('A key');
    expect(find(OTHER)).toBeNull();
    expect(find(AAGUID, [KEY])?.name).toBe('A key');
  });

  it('knows one without by any key of its attestation', () => {
    const keys = { attestationCertificateKeyIdentifiers: [KEY, OTHER_KEY.toUpperCase()] };
    expect(catalogue.add(entry('U2F', { aaguid: undefined, ...keys }))).toBe(true);
    for (const key of [KEY, OTHER_KEY]) expect(find(NO_AAGUID, ['c'.repeat(40), key])?.name).toBe('U2F');
    expect(find(NO_AAGUID, ['c'.repeat(40)])).toBeNull();
    expect(find(NO_AAGUID, [])).toBeNull();
    expect(find(NO_AAGUID)).toBeNull();
    // A key with an AAGUID matches none of these.
    expect(find(AAGUID, [KEY])).toBeNull();
    expect(catalogue.attestedBy([OTHER_KEY, 'c'.repeat(40)]).map(({ name }) => name)).toEqual(['U2F']);
    expect(catalogue.attestedBy([])).toEqual([]);
  });

  it('has all reports of a model of which two entries are there, and the first name', () => {
    catalogue.add({ aaguid: AAGUID, ...report('USER_VERIFICATION_BYPASS', '2025-05-01') });
    expect(find(AAGUID)?.name).toBeNull();
    catalogue.add(entry('Named later', report('REVOKED', '2025-06-01')));
    catalogue.add(entry('Another name'));
    expect(find(AAGUID)?.name).toBe('Named later');
    expect(statusOf(AAGUID)).toBe('REVOKED');
    expect(find(AAGUID)?.rejection(['USER_VERIFICATION_BYPASS'], null, NOW)?.since).toBe(
      Date.UTC(2025, 4, 1),
    );
  });

  it('has the roots of both, as far as they can be read', async () => {
    const roots = [await makeRoot({ subject: 'CN=One' }), await makeRoot({ subject: 'CN=Two' })];
    const [one, two] = roots.map((root) => derOf(root).toString('base64'));
    const withRoots = (...attestationRootCertificates: unknown[]) =>
      entry('', { metadataStatement: { description: 'A key', attestationRootCertificates } });
    catalogue.add(withRoots(one, 'bm8gY2VydGlmaWNhdGU='));
    catalogue.add(withRoots(7, two));
    expect(
      find(AAGUID)
        ?.anchors()
        .map(({ x509 }) => x509.subject),
    ).toEqual(['CN=One', 'CN=Two']);
  });

  it.each([
    [undefined, 1],
    [['basic_full'], 1],
    [['basic_surrogate', 'attca'], 1],
    [['basic_surrogate'], 0],
    [[], 0],
  ])('is attested by its roots with the types %j: %i', async (attestationTypes, count) => {
    const attestationRootCertificates = [derOf(await makeRoot()).toString('base64')];
    const statement = { description: 'A key', attestationTypes, attestationRootCertificates };
    catalogue.add(entry('', { metadataStatement: statement }));
    expect(find(AAGUID)?.anchors()).toHaveLength(count);
  });

  it('takes the newest report of those that are in effect', () => {
    catalogue.add(
      entry('A key', {
        statusReports: [
          { status: 'REVOKED', effectiveDate: '2027-01-01' },
          { status: 'USER_VERIFICATION_BYPASS', effectiveDate: '2025-01-01' },
          { status: 'REVOKED', effectiveDate: '2024-01-01' },
          { status: 'FIDO_CERTIFIED', effectiveDate: '2025-12-01' },
        ],
      }),
    );
    expect(find(AAGUID)?.rejection(['REVOKED', 'USER_VERIFICATION_BYPASS'], null, NOW)).toEqual({
      status: 'USER_VERIFICATION_BYPASS',
      since: Date.UTC(2025, 0, 1),
    });
  });

  it.each([[undefined], ['soon']])('takes a report of %p for one that has always counted', (date) => {
    catalogue.add(entry('A key', report('REVOKED', date)));
    expect(find(AAGUID)?.rejection(['REVOKED'], null, NOW)).toEqual({ status: 'REVOKED', since: 0 });
  });

  it('tells which models there is a reason to reject keys of', () => {
    const reject = (model: { name: string | null }) =>
      model.name === 'bad' ? { status: 'REVOKED', since: 0 } : null;
    catalogue.add(entry('good'));
    catalogue.add(entry('bad', { aaguid: OTHER }));
    catalogue.add(entry('good', { aaguid: undefined, attestationCertificateKeyIdentifiers: [KEY] }));
    expect(catalogue.rejected(reject)).toEqual({ aaguids: [OTHER], hasOthers: false });
    catalogue.add(entry('bad', { aaguid: undefined, attestationCertificateKeyIdentifiers: [OTHER_KEY] }));
    expect(catalogue.rejected(reject)).toEqual({ aaguids: [OTHER], hasOthers: true });
  });

  it('takes a statement alone for an entry without reports', () => {
    const statement = { aaguid: AAGUID, description: 'A key', attestationRootCertificates: [] };
    expect(catalogue.add(statement)).toBe(true);
    expect(find(AAGUID)?.name).toBe('A key');
    expect(catalogue.add({ ...statement, description: 1 })).toBe(false);
    expect(catalogue.add({ aaguid: AAGUID, description: 'A key' })).toBe(false);
  });

  it('takes the name of the model from its statement, if the entry itself has none', () => {
    const { metadataStatement } = entry('A key');
    catalogue.add({ metadataStatement: { ...metadataStatement, aaguid: AAGUID } });
    catalogue.add({
      metadataStatement: { ...metadataStatement, attestationCertificateKeyIdentifiers: [KEY] },
    });
    expect([find(AAGUID)?.name, find(NO_AAGUID, [KEY])?.name]).toEqual(['A key', 'A key']);
  });

  it.each([
    ['null', null],
    ['text', 'entry'],
    ['no model', { statusReports: [] }],
    ['an AAGUID that is none', entry('A key', { aaguid: 'x' })],
    ['an AAGUID with something before it', entry('A key', { aaguid: `0${AAGUID}` })],
    ['an AAGUID with something behind it', entry('A key', { aaguid: `${AAGUID}0` })],
    ['an AAGUID that is no text', entry('A key', { aaguid: 7 })],
    ['the AAGUID of those that have none', entry('A key', { aaguid: NO_AAGUID })],
    ['a model of UAF', { aaid: '1234#5678', metadataStatement: { description: 'UAF' } }],
    ['a key identifier that is none', { statusReports: [], attestationCertificateKeyIdentifiers: ['x'] }],
    ['one that is too long', { statusReports: [], attestationCertificateKeyIdentifiers: [`${KEY}0`] }],
    [
      'one that is none among others',
      { statusReports: [], attestationCertificateKeyIdentifiers: [KEY, 'x'] },
    ],
    ['key identifiers that are no list', { statusReports: [], attestationCertificateKeyIdentifiers: KEY }],
    ['key identifiers that are no texts', { statusReports: [], attestationCertificateKeyIdentifiers: [1] }],
  ])('does not take %s', (_, given) => {
    expect(catalogue.add(given)).toBe(false);
    expect(catalogue.rejected(() => ({ status: 'any', since: 0 }))).toEqual({
      aaguids: [],
      hasOthers: false,
    });
  });

  it('leaves out what of an entry can’t be read', () => {
    catalogue.add({
      aaguid: AAGUID,
      metadataStatement: { description: 7, attestationRootCertificates: 'x', attestationTypes: 'y' },
      statusReports: [null, 'REVOKED', { status: 3 }, { status: 'REVOKED' }],
    });
    catalogue.add({ aaguid: OTHER, metadataStatement: 'x', statusReports: 'y' });
    expect([find(AAGUID)?.name, statusOf(AAGUID)]).toEqual([null, 'REVOKED']);
    expect([find(OTHER)?.name, statusOf(OTHER)]).toEqual([null, null]);
  });
});
