import { beforeAll, describe, expect, it } from '@jest/globals';
import { sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';

import { SubjectAlternativeNameExtension } from '@peculiar/x509';

import { derOf, issue, pemOf, privateKeyOf } from '../../../../../../test/support/attestation.js';
import { TestClock } from '../../../../../../test/support/clock.js';
import type { Publisher } from '../../../../../../test/support/metadata.js';
import { blobOf, makePublisher } from '../../../../../../test/support/metadata.js';
import { readCertificate } from '../../../core/crypto/certificates.js';
import { FIDO_TRUST } from './mds-roots.js';
import { verifyBlob } from './metadata-blob.js';
import { ModelCatalogue } from './model-catalogue.js';

const NOW = new TestClock().now();

let publisher: Publisher;
beforeAll(async () => {
  publisher = await makePublisher();
});

const trustIn = (who: Publisher) => ({ roots: [readCertificate(pemOf(who.root))!] });
const verified = (text: string) => verifyBlob(text, trustIn(publisher), NOW);

const encoded = (text: string) => Buffer.from(text).toString('base64url');
const part = (value: object) => encoded(JSON.stringify(value));

/** Signed by the publisher, whatever the parts are. */
const signed = (head: string, body: string) => {
  const signature = sign('sha256', Buffer.from(`${head}.${body}`), {
    key: privateKeyOf(publisher.signer),
    dsaEncoding: 'ieee-p1363',
  });
  return `${head}.${body}.${signature.toString('base64url')}`;
};
const honestHead = () => blobOf(publisher, {}).split('.')[0] ?? '';

describe('a BLOB', () => {
  it('tells its number, its entries, and the end of the day until which it is valid', () => {
    const entries = [{ aaguid: 'x' }, 7];
    expect(verified(blobOf(publisher, { entries }))).toEqual({
      no: 7,
      validUntil: Date.UTC(2027, 2, 2),
      entries,
    });
  });

  it('may have white space around it', () => {
    expect(verified(`\n ${blobOf(publisher, {})}\n`).no).toBe(7);
  });

  it('may be signed by an authority’s signer', async () => {
    const authority = await issue({ subject: 'CN=Metadata CA', issuer: publisher.root, ca: true });
    const signer = await issue({ subject: 'CN=Signer', issuer: authority, ca: false });
    const x5c = [signer, authority].map((one) => derOf(one).toString('base64'));
    expect(verified(blobOf({ root: publisher.root, signer }, {}, { x5c })).no).toBe(7);
  });

  const WRONG: [string, () => string | Promise<string>, RegExp][] = [
    ['another root', async () => blobOf(await makePublisher(), {}), /do not chain to a trusted root/],
    [
      'a certificate whose time is over',
      async () => {
        const notAfter = new Date(NOW - 1000);
        const signer = await issue({ subject: 'CN=Signer', issuer: publisher.root, ca: false, notAfter });
        return blobOf({ root: publisher.root, signer }, {});
      },
      /not valid now/,
    ],
    [
      'a certificate that signs certificates',
      () => blobOf({ root: publisher.root, signer: publisher.root }, {}),
      /do not chain to a trusted root/,
    ],
    [
      'another payload',
      () => {
        const [head, , signature] = blobOf(publisher, {}).split('.');
        return `${head}.${part({ no: 8, nextUpdate: '2027-03-01', entries: [] })}.${signature}`;
      },
      /signature is invalid/,
    ],
    [
      'another signer of the same root',
      async () => {
        const signer = await issue({ subject: 'CN=Other', issuer: publisher.root, ca: false });
        return blobOf(publisher, {}, { x5c: [derOf(signer).toString('base64')] });
      },
      /signature is invalid/,
    ],
    [
      'the algorithm none',
      () => blobOf(publisher, {}, { alg: 'none' }),
      /its algorithm is not one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA$/,
    ],
    ['the algorithm HS256', () => blobOf(publisher, {}, { alg: 'HS256' }), /its algorithm is not one of/],
    [
      'an algorithm of another kind of key',
      () => blobOf(publisher, {}, { alg: 'RS256' }),
      /signature is invalid/,
    ],
    ['an algorithm of another curve', () => blobOf(publisher, {}, { alg: 'ES384' }), /signature is invalid/],
    ['critical headers', () => blobOf(publisher, {}, { crit: ['exp'] }), /critical headers/],
    ['no certificates', () => blobOf(publisher, {}, { x5c: undefined }), /lacks the certificates/],
    [
      'a certificate outside of a list',
      () => blobOf(publisher, {}, { x5c: derOf(publisher.signer).toString('base64') }),
      /lacks the certificates/,
    ],
    [
      'a certificate that is no text',
      () => blobOf(publisher, {}, { x5c: [derOf(publisher.signer).toString('base64'), 7] }),
      /lacks the certificates/,
    ],
    ['an empty path', () => blobOf(publisher, {}, { x5c: [] }), /do not chain to a trusted root/],
    ['an address of certificates', () => blobOf(publisher, {}, { x5c: undefined, x5u: 'https://a' }), /x5c/],
    [
      'an empty signature',
      () => `${blobOf(publisher, {}).replace(/\.[^.]*$/, '')}.`,
      /not a JWS of three parts/,
    ],
    ['an empty header', () => blobOf(publisher, {}).replace(/^[^.]*/, ''), /not a JWS of three parts/],
    ['an empty payload', () => signed(honestHead(), ''), /not a JWS of three parts/],
    ['a fourth part', () => `${blobOf(publisher, {})}.e30`, /not a JWS of three parts/],
    ['one in front', () => `!${blobOf(publisher, {})}`, /not a JWS of three parts/],
    ['nothing', () => '', /not a JWS of three parts/],
    ['a header that is no JSON', () => 'eA.e30.eA', /its header is not a JSON object/],
    ['a payload that is no JSON', () => signed(honestHead(), 'eA'), /its payload is not a JSON object/],
    ['no number', () => blobOf(publisher, { no: '7' }), /serial number/],
    ['half a number', () => blobOf(publisher, { no: 7.5 }), /serial number/],
    ['no date', () => blobOf(publisher, { nextUpdate: 'soon' }), /nextUpdate/],
    ['no such date', () => blobOf(publisher, { nextUpdate: '2027-13-01' }), /nextUpdate/],
    ['words before the date', () => blobOf(publisher, { nextUpdate: 'about 2027-03-01' }), /nextUpdate/],
    ['a time of the day', () => blobOf(publisher, { nextUpdate: '2027-03-01T10:00' }), /nextUpdate/],
    ['a list of dates', () => blobOf(publisher, { nextUpdate: ['2027-03-01'] }), /nextUpdate/],
    ['no entries', () => blobOf(publisher, { entries: {} }), /entries/],
  ];

  it.each(WRONG)('is refused with %s', async (_, text, problem) => {
    const blob = await text();
    expect(() => verified(blob)).toThrow(problem);
  });

  it.each(['null', '[]', '7', '"text"'])('is refused with the header %s', (header) => {
    expect(() => verified(signed(encoded(header), 'e30'))).toThrow('its header is not a JSON object');
  });

  it('is refused by an error of its own name', () => {
    expect(() => verified('')).toThrow(expect.objectContaining({ name: 'MetadataError' }));
  });

  it('of FIDO itself has to come from its own certificate, since its roots are those of the whole web', async () => {
    expect(FIDO_TRUST.roots.map(({ x509 }) => x509.fingerprint256)).toEqual([
      'CB:B5:22:D7:B7:F1:27:AD:6A:01:13:86:5B:DF:1C:D4:10:2E:7D:07:59:AF:63:5A:7C:F4:72:0D:C9:63:C5:3B',
      '4F:A3:12:6D:8D:3A:11:D1:C4:85:5A:4F:80:7C:BA:D6:CF:91:9D:3A:5A:88:B0:3B:EA:2C:63:72:D9:3C:40:C9',
    ]);
    const { host } = FIDO_TRUST;
    expect(host).toBe('mds.fidoalliance.org');
    const signedFor = async (name: string) => {
      const signer = await issue({
        subject: `CN=${host}`,
        issuer: publisher.root,
        ca: false,
        extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
      });
      const trust = { ...trustIn(publisher), host: host! };
      return verifyBlob(blobOf({ root: publisher.root, signer }, {}), trust, NOW);
    };
    await expect(signedFor('mds.fidoalliance.org')).resolves.toMatchObject({ no: 7 });
    await expect(signedFor('www.example.com')).rejects.toThrow(/its certificate is not for mds/);
  });

  it('of FIDO’s conformance tools holds, and its models are read', () => {
    const packed = readFileSync('test/fixtures/mds-conformance.br');
    const {
      root: fake,
      header,
      payload,
      signature,
    } = JSON.parse(brotliDecompressSync(packed).toString('utf8'));
    const text = [header, payload].map((one: string) => encoded(one)).join('.');
    const trust = { roots: [readCertificate(Buffer.from(fake, 'base64'))!] };
    const { no, entries, validUntil } = verifyBlob(`${text}.${signature}`, trust, NOW);
    expect([no, entries.length, validUntil]).toEqual([42, 200, Date.UTC(2023, 10, 9)]);
    const models = new ModelCatalogue();
    // The other entries are for UAF.
    expect(entries.filter((entry) => models.add(entry))).toHaveLength(100);
    const found = models.find({ aaguid: '71bf3f7f-ad51-432a-aaf0-4783108d5620', attestationKeys: null });
    expect(found?.rejection(['ATTESTATION_KEY_COMPROMISE'], null, NOW)).toEqual({
      status: 'ATTESTATION_KEY_COMPROMISE',
      since: Date.UTC(2019, 6, 22),
    });
    expect(found?.anchors().length).toBeGreaterThan(0);
    expect(() => verifyBlob(`${text.slice(0, -4)}AAAA.${signature}`, trust, NOW)).toThrow(/signature/);
    expect(() => verifyBlob(`${text}.${signature}`, FIDO_TRUST, NOW)).toThrow(
      /do not chain to a trusted root/,
    );
  });
});
