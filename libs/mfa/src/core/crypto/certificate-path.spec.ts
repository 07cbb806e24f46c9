import { createHash } from 'node:crypto';

import { beforeAll, describe, expect, it } from '@jest/globals';
import { BasicConstraintsExtension, Extension } from '@peculiar/x509';

import type { Identity } from '../../../../../test/support/attestation.js';
import { aaguidExtension, derOf, issue, makeRoot, pemOf } from '../../../../../test/support/attestation.js';
import { pathToAnchor } from './certificate-path.js';
import type { Certificate } from './certificates.js';
import { isValidAt, readCertificate } from './certificates.js';

const NOW = 1_800_000_000_000;
const AAGUID = '2c0df832-92de-4be1-8412-88a8f074df4a';

const read = (one: Identity): Certificate => readCertificate(derOf(one)) as Certificate;
const authority = (issuer: Identity, pathLength?: number): Promise<Identity> =>
  issue({ subject: 'CN=Authority', issuer, ca: true, ...(pathLength === undefined ? {} : { pathLength }) });

describe('a path of certificates', () => {
  let root: Identity;
  let between: Identity;
  let leaf: Identity;

  const lead = (x5c: Identity[], anchors: Identity[], now = NOW): (Buffer | undefined)[] | undefined =>
    pathToAnchor(x5c.map(derOf), anchors.map(read), now)?.map(({ x509 }) => x509.raw);

  beforeAll(async () => {
    root = await makeRoot();
    between = await authority(root);
    leaf = await issue({ subject: 'CN=Leaf', issuer: between, ca: false });
  });

  it('leads to a root, which may be among them or not', () => {
    expect(lead([leaf, between], [root])).toEqual([leaf, between, root].map(derOf));
    expect(lead([leaf, between, root], [root])).toEqual([leaf, between, root].map(derOf));
  });

  it('leads to whatever of them is an anchor, the leaf too', () => {
    expect(lead([leaf, between], [between])).toEqual([leaf, between].map(derOf));
    expect(lead([leaf], [leaf])).toEqual([derOf(leaf)]);
    expect(lead([leaf, between], [leaf])).toEqual([leaf, between].map(derOf));
  });

  it('leads nowhere without an anchor, or with a link missing', async () => {
    const namesake = await makeRoot();
    expect(lead([leaf, between], [])).toBeUndefined();
    expect(lead([leaf], [root])).toBeUndefined();
    expect(lead([between], [root])).toBeUndefined();
    expect(lead([leaf, root], [root])).toBeUndefined();
    expect(lead([leaf, between], [namesake])).toBeUndefined();
    expect(lead([leaf, between], [namesake, root])).toEqual([leaf, between, root].map(derOf));
    expect(pathToAnchor([], [read(root)], NOW)).toBeNull();
    expect(pathToAnchor([derOf(leaf), Buffer.from('none')], [read(leaf)], NOW)).toBeNull();
  });

  it('does not begin with an authority', () => {
    expect(lead([between], [root])).toBeUndefined();
    expect(lead([between], [between])).toBeUndefined();
  });

  it('goes through authorities alone', async () => {
    const other = await issue({ subject: 'CN=Other', issuer: leaf, ca: false });
    expect(lead([other, leaf, between], [root])).toBeUndefined();
  });

  it('has eight certificates at most', async () => {
    const chain = [root];
    for (let more = 0; more < 8; more += 1) chain.unshift(await authority(chain[0] as Identity));
    const [issuer] = chain as [Identity];
    const last = await issue({ subject: 'CN=Leaf', issuer, ca: false });
    const short = await issue({ subject: 'CN=Leaf', issuer: chain[1], ca: false });
    expect(lead([short, ...chain.slice(1, 8)], [root])).toHaveLength(9);
    expect(lead([last, ...chain.slice(0, 8)], [root])).toBeUndefined();
  });

  it.each([
    [0, 0, true],
    [0, 1, false],
    [1, 1, true],
    [1, 2, false],
    [300, 2, true],
  ])('with a length of %i takes %i authorities below: %p', async (pathLength, below, does) => {
    const chain = [await authority(root, pathLength)];
    for (let more = 0; more < below; more += 1) chain.unshift(await authority(chain[0] as Identity));
    const last = await issue({ subject: 'CN=Leaf', issuer: chain[0], ca: false });
    expect(lead([last, ...chain], [root]) !== undefined).toBe(does);
  });

  it.each([
    [0, 0, true],
    [0, 1, false],
    [1, 1, true],
    [1, 2, false],
  ])(
    'counts from an anchor with a length of %i that stands beyond %i authorities: %p',
    async (pathLength, below, does) => {
      const anchor = await makeRoot({ pathLength });
      const chain: Identity[] = [];
      for (let more = 0; more < below; more += 1) chain.unshift(await authority(chain[0] ?? anchor));
      const last = await issue({ subject: 'CN=Leaf', issuer: chain[0] ?? anchor, ca: false });
      expect(lead([last, ...chain], [anchor]) !== undefined).toBe(does);
    },
  );

  it('is walked while all of it is valid, the anchor too', async () => {
    const day = { notBefore: new Date(NOW), notAfter: new Date(NOW + 86_400_000) };
    const short = await issue({ subject: 'CN=Leaf', issuer: root, ca: false, ...day });
    const late = await makeRoot(day);
    const below = await issue({ subject: 'CN=Leaf', issuer: late, ca: false });
    for (const [x5c, anchor] of [
      [short, root],
      [below, late],
    ] as const) {
      expect(lead([x5c], [anchor], NOW - 1)).toBeUndefined();
      expect(lead([x5c], [anchor], NOW)).toBeDefined();
      expect(lead([x5c], [anchor], NOW + 86_400_000)).toBeDefined();
      expect(lead([x5c], [anchor], NOW + 86_400_001)).toBeUndefined();
    }
    expect(isValidAt(read(short), NOW - 1)).toBe(false);
  });
});

describe('a certificate', () => {
  it('is read from DER and PEM, with a name for its key', async () => {
    const one = await makeRoot({ pathLength: 2 });
    const publicKey = Buffer.from(one.certificate.publicKey.rawData).subarray(-65);
    const expected = {
      notBefore: one.certificate.notBefore.getTime(),
      notAfter: one.certificate.notAfter.getTime(),
      pathLength: 2,
      keyIdentifier: createHash('sha1').update(publicKey).digest('hex'),
    };
    expect(readCertificate(derOf(one))).toMatchObject(expected);
    expect(readCertificate(pemOf(one))).toMatchObject(expected);
    expect(readCertificate('none')).toBeNull();
  });

  it('without a limit takes any number of authorities below', async () => {
    expect(read(await makeRoot()).pathLength).toBe(Infinity);
    expect(read(await issue({})).pathLength).toBe(Infinity);
    expect(read(await issue({ ca: false })).pathLength).toBe(Infinity);
    expect(read(await issue({ extensions: [aaguidExtension(AAGUID)] })).pathLength).toBe(Infinity);
    expect(read(await makeRoot({ pathLength: 300 })).pathLength).toBe(300);
  });

  it('has its limit wherever that stands among the extensions', async () => {
    const limit = new BasicConstraintsExtension(true, 2, true);
    const one = await issue({ extensions: [aaguidExtension(AAGUID), limit] });
    expect(read(one).pathLength).toBe(2);
  });

  // The shortest possible values.
  it.each([
    ['subject key identifier', '2.5.29.14', '0401ff'],
    ['key usage', '2.5.29.15', '03020780'],
    ['subject alternative name', '2.5.29.17', '30038201 61'],
    ['basic constraints', '2.5.29.19', '3000'],
    ['certificate policies', '2.5.29.32', '3006 3004 06022a03'],
    ['authority key identifier', '2.5.29.35', '30038001ff'],
    ['extended key usage', '2.5.29.37', '3004 06022a03'],
  ])('may be critical about its %s', async (_, id, value) => {
    const extension = new Extension(id, true, Buffer.from(value.replaceAll(' ', ''), 'hex'));
    expect(readCertificate(derOf(await issue({ extensions: [extension] })))).not.toBeNull();
  });

  it('is none where something else is critical, whatever stands beside it', async () => {
    const usage = new Extension('2.5.29.15', true, Buffer.from('03020780', 'hex'));
    const of = async (isCritical: boolean) =>
      readCertificate(derOf(await issue({ extensions: [usage, aaguidExtension(AAGUID, isCritical)] })));
    expect(await of(false)).not.toBeNull();
    expect(await of(true)).toBeNull();
  });

  it('is none where an extension is there twice', async () => {
    const extensions = [aaguidExtension(AAGUID), aaguidExtension(AAGUID)];
    expect(readCertificate(derOf(await issue({ extensions })))).toBeNull();
  });
});
