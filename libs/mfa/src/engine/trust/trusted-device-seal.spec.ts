import { describe, expect, it } from '@jest/globals';

import { KeyRing, sealRow } from '../../core/crypto/key-ring.js';
import { isGenuineTrustedDevice, sealTrustedDevice } from './trusted-device-seal.js';

const keyRing = new KeyRing(['a secret of at least 32 bytes, never in use']);
const browser = {
  id: 'browser-1',
  userId: 'ada',
  tokenHash: 'a'.repeat(64),
  expiresAt: new Date(1_800_000_000_000),
};
const seal = sealTrustedDevice(keyRing, browser);

describe('the seal of a trusted browser', () => {
  it('fits the browser it was made for', () => {
    expect(isGenuineTrustedDevice(keyRing, { ...browser, seal })).toBe(true);
  });

  it.each<[string, Partial<typeof browser> & { seal?: string | null }]>([
    ['another browser', { id: 'browser-2' }],
    ['another user', { userId: 'eve' }],
    ['another token', { tokenHash: 'b'.repeat(64) }],
    ['a later expiry', { expiresAt: new Date(1_800_000_000_001) }],
    ['a browser without a seal', { seal: null }],
  ])('does not fit %s', (_, changed) => {
    expect(isGenuineTrustedDevice(keyRing, { ...browser, seal, ...changed })).toBe(false);
  });

  it('is of no other kind of row', () => {
    const fields = [browser.id, browser.userId, browser.tokenHash, browser.expiresAt.getTime()];
    expect(seal).toBe(sealRow(keyRing, 'trusted_device', fields));
  });
});
