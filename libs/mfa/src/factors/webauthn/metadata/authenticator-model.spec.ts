import { beforeAll, describe, expect, it } from '@jest/globals';

import type { Identity } from '../../../../../../test/support/attestation.js';
import { derOf, issue, makeRoot } from '../../../../../../test/support/attestation.js';
import type { MetadataStatusReport } from '../../../options/metadata-options.js';
import { CERTIFICATION_LEVELS } from '../../../options/metadata-options.js';
import { readCertificate } from '../../../core/crypto/certificates.js';
import { AuthenticatorModel } from './authenticator-model.js';

const NOW = Date.UTC(2026, 0, 1);

const base64 = (identity: Identity) => derOf(identity).toString('base64');
const keyOf = (identity: Identity) => readCertificate(derOf(identity))!.keyIdentifier;

let one: Identity;
let two: Identity;
beforeAll(async () => {
  one = await makeRoot({ subject: 'CN=One' });
  two = await issue({ subject: 'CN=Two', issuer: one, ca: true });
});

const statement = (description: string, roots: string[] = [], attestationTypes?: string[]) => ({
  description,
  attestationRootCertificates: roots,
  ...(attestationTypes ? { attestationTypes } : {}),
});
const anchorsOf = (model: AuthenticatorModel) => model.anchors().map(({ x509 }) => x509.subject);
const reported = (...statusReports: MetadataStatusReport[]) => AuthenticatorModel.of({ statusReports });

describe('a model', () => {
  it.each<[string | null, object]>([
    ['A key', { metadataStatement: statement('A key') }],
    [null, { metadataStatement: statement('') }],
    [null, {}],
  ])('has the name %j of %j', (name, entry) => {
    expect(AuthenticatorModel.of({ ...entry, statusReports: [] }).name).toBe(name);
  });

  it('has no anchors without a statement', () => {
    expect(reported().anchors()).toEqual([]);
  });

  it.each<[string[] | undefined, number]>([
    [undefined, 1],
    [['basic_full'], 1],
    [['attca'], 1],
    [['anonca'], 1],
    [['basic_surrogate', 'attca'], 1],
    [['basic_surrogate'], 0],
    [['ecdaa'], 0],
    [[''], 0],
    [[], 0],
  ])('with the types of attestation %j has this many anchors: %i', (types, count) => {
    const metadataStatement = statement('A key', [base64(one)], types);
    expect(AuthenticatorModel.of({ metadataStatement, statusReports: [] }).anchors()).toHaveLength(count);
  });

  it('leaves out certificates that can’t be read', () => {
    const metadataStatement = statement('A key', [base64(one), 'bm9uZQ==', base64(two)]);
    const model = AuthenticatorModel.of({ metadataStatement, statusReports: [] });
    expect(anchorsOf(model)).toEqual(['CN=One', 'CN=Two']);
  });
});

describe('two entries about a model', () => {
  const entry = (name: string, root: Identity, status: string) =>
    AuthenticatorModel.of({
      metadataStatement: statement(name, [base64(root)]),
      statusReports: [{ status }],
    });

  it('give it the first name, the roots of both, and the reports of both', () => {
    const both = entry('First', one, 'REVOKED').with(entry('Second', two, 'UPDATE_AVAILABLE'));
    expect(both.name).toBe('First');
    expect(anchorsOf(both)).toEqual(['CN=One', 'CN=Two']);
    expect(both.rejection(['REVOKED'], null, NOW)?.status).toBe('REVOKED');
    expect(both.rejection(['UPDATE_AVAILABLE'], null, NOW)?.status).toBe('UPDATE_AVAILABLE');
  });

  it('give it the second name if the first has none', () => {
    expect(entry('', one, 'REVOKED').with(entry('Second', two, 'REVOKED')).name).toBe('Second');
  });
});

describe('the rejection of a model', () => {
  const BROKEN = ['REVOKED', 'USER_VERIFICATION_BYPASS', 'ATTESTATION_KEY_COMPROMISE'];
  const rejection = (reports: MetadataStatusReport[], keys: string[] | null = null) =>
    reported(...reports).rejection(BROKEN, keys, NOW);
  const bypass = (effectiveDate: string) => ({ status: 'USER_VERIFICATION_BYPASS', effectiveDate });
  const revoked = (effectiveDate: string) => ({ status: 'REVOKED', effectiveDate });

  it('is for a status that counts, and for no other', () => {
    expect(rejection([{ status: 'REVOKED', effectiveDate: '2025-01-01' }])).toEqual({
      status: 'REVOKED',
      since: Date.UTC(2025, 0, 1),
    });
    expect(rejection([{ status: 'UPDATE_AVAILABLE' }])).toBeNull();
    expect(rejection([])).toBeNull();
  });

  it('begins with the day of the report, and not before', () => {
    expect(rejection([revoked('2026-01-01')])?.since).toBe(NOW);
    expect(rejection([revoked('2026-01-02')])).toBeNull();
  });

  it('is for the newest report, in whichever order, and for the last of one day', () => {
    const reports = [bypass('2025-06-01'), revoked('2024-01-01')];
    expect(rejection(reports)?.status).toBe('USER_VERIFICATION_BYPASS');
    expect(rejection(reports.reverse())?.status).toBe('USER_VERIFICATION_BYPASS');
    expect(rejection([bypass('2025-06-01'), revoked('2025-06-01')])?.status).toBe('REVOKED');
  });

  it.each<[unknown]>([[undefined], ['soon'], [2025], [['2025-01-01']], [null]])(
    'has always applied if the report is of %j',
    (effectiveDate) => {
      const report = { status: 'REVOKED', effectiveDate } as MetadataStatusReport;
      expect(rejection([report])).toEqual({ status: 'REVOKED', since: 0 });
    },
  );

  it('because of one certificate is for authenticators that it attests, or that are not known', () => {
    const compromised = { status: 'ATTESTATION_KEY_COMPROMISE', certificate: base64(one) };
    expect(rejection([compromised], [keyOf(two), keyOf(one)])).not.toBeNull();
    expect(rejection([compromised], [keyOf(two)])).toBeNull();
    expect(rejection([compromised], null)).not.toBeNull();
  });

  it.each<[string, object]>([
    ['without a certificate', { status: 'ATTESTATION_KEY_COMPROMISE' }],
    ['with one that is no text', { status: 'ATTESTATION_KEY_COMPROMISE', certificate: {} }],
    ['with one that can’t be read', { status: 'ATTESTATION_KEY_COMPROMISE', certificate: 'bm9uZQ==' }],
  ])('is for all authenticators by a report %s', (_, report) => {
    expect(rejection([report as MetadataStatusReport], [keyOf(two)])).not.toBeNull();
  });

  it('is for all authenticators whatever certificate a report of another status names', () => {
    const report = { status: 'REVOKED', certificate: base64(one) };
    expect(rejection([report], [keyOf(two)])).not.toBeNull();
  });
});

describe('the certification of a model', () => {
  const on = (status: string, effectiveDate = '2025-01-01') => ({ status, effectiveDate });
  const isCertified = (...reports: MetadataStatusReport[]) =>
    reported(...reports).isCertified('FIDO_CERTIFIED_L2', NOW);

  it.each([...CERTIFICATION_LEVELS])('of %s is one of its own level and of those below', (status) => {
    const levels = CERTIFICATION_LEVELS.filter((level) => reported(on(status)).isCertified(level, NOW));
    expect(levels).toEqual(CERTIFICATION_LEVELS.slice(0, CERTIFICATION_LEVELS.indexOf(status) + 1));
  });

  it('is none without a report of it', () => {
    expect(isCertified()).toBe(false);
    expect(isCertified(on('REVOKED'))).toBe(false);
  });

  it('is the highest of the newest day', () => {
    expect(isCertified(on('FIDO_CERTIFIED_L2'), on('FIDO_CERTIFIED'))).toBe(true);
    expect(isCertified(on('FIDO_CERTIFIED_L2'), on('FIDO_CERTIFIED_L1', '2025-06-01'))).toBe(false);
    expect(isCertified(on('FIDO_CERTIFIED_L1', '2025-06-01'), on('FIDO_CERTIFIED_L2'))).toBe(false);
    expect(isCertified(on('FIDO_CERTIFIED_L1'), on('FIDO_CERTIFIED_L2', '2025-06-01'))).toBe(true);
  });

  it.each(['NOT_FIDO_CERTIFIED', 'SELF_ASSERTION_SUBMITTED'])('ends with %s', (status) => {
    expect(isCertified(on('FIDO_CERTIFIED_L2'), on(status, '2025-06-01'))).toBe(false);
  });

  it('does not end with a report about something else', () => {
    expect(isCertified(on('FIDO_CERTIFIED_L2'), on('UPDATE_AVAILABLE', '2025-06-01'))).toBe(true);
  });

  it('begins with the day of the report', () => {
    expect(isCertified(on('FIDO_CERTIFIED_L2', '2026-01-01'))).toBe(true);
    expect(isCertified(on('FIDO_CERTIFIED_L2', '2026-01-02'))).toBe(false);
  });
});
