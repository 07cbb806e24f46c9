import { describe, expect, it } from '@jest/globals';

import { RelyingParty } from './relying-party.js';

const APP = 'android:apk-key-hash:https:';
const RP = { id: 'example.com', name: 'Example' };

/** The relying party `example.com` with these origins. */
const partyOf = (origins: string[], changed: object = {}) =>
  new RelyingParty(
    { getPublicKeyCredentialRpEntity: () => RP } as never,
    {
      webauthn: { rpId: RP.id, origins, hints: [], ...changed },
    } as never,
  );
const asking = (origin: string) => ({ headers: { origin } });

describe('the relying party', () => {
  it('is what the adapter says', async () => {
    expect(await partyOf([]).entity()).toEqual(RP);
  });

  it('is not there unless it is configured', async () => {
    const none = new RelyingParty({ getPublicKeyCredentialRpEntity: () => RP } as never, {} as never);
    await expect(none.entity()).rejects.toMatchObject({ code: 'not_found' });
    expect(() => none.options).toThrow(expect.objectContaining({ code: 'not_found' }));
  });

  it('is at the origin that a request names, if it is one of its own', () => {
    const party = partyOf([APP, 'http://example.com', 'https://login.example.com']);
    expect(party.originFor(asking('https://login.example.com'))).toBe('https://login.example.com');
    expect(party.originFor(asking(APP))).toBe(APP);
  });

  it.each([
    ['a request from elsewhere', asking('https://example.org')],
    ['a request without an origin', { headers: {} }],
    ['no request', undefined],
  ])('is at the first origin of the web for %s', (_, request) => {
    const origins = [APP, 'http://example.com', 'https://login.example.com'];
    expect(partyOf(origins).originFor(request)).toBe('http://example.com');
  });

  it('is at the first origin if none is of the web', () => {
    expect(partyOf([APP, 'ios:bundle-id:com.example']).originFor()).toBe(APP);
  });

  it('gives the hints of the options, if there are any', () => {
    expect(partyOf([], { hints: ['hybrid', 'security-key'] }).hints()).toEqual({
      hints: ['hybrid', 'security-key'],
    });
    expect(partyOf([]).hints()).toEqual({});
  });

  it('is related to the web origins outside its own domain', () => {
    const own = ['https://example.com', 'http://login.example.com:3000', APP];
    const others = ['https://example.org', 'http://notexample.com', 'https://example.com.evil.test'];
    expect(partyOf([...own, ...others]).relatedOrigins()).toEqual(others);
  });
});
