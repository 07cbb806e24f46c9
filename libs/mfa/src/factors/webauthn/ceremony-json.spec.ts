import { describe, expect, it } from '@jest/globals';

import { describeCredentials, toBytes } from './ceremony-json.js';
import type { WebAuthnCredential } from './webauthn-credential.entity.js';

const credential = (changed: Partial<WebAuthnCredential> = {}) =>
  ({
    credentialId: 'AZaz09_-',
    transports: ['usb'],
    backupEligible: false,
    ...changed,
  }) as WebAuthnCredential;

describe('the credentials in the options of a ceremony', () => {
  it('are described by id and transports', () => {
    const described = describeCredentials([credential(), credential({ credentialId: 'BB', transports: [] })]);
    expect(described).toEqual([
      { id: 'AZaz09_-', transports: ['usb'] },
      { id: 'BB', transports: [] },
    ]);
  });

  it.each(['', 'A A', 'AA=', '+AAA', 'AAA+', 'é'])('leave out the malformed id %j', (credentialId) => {
    expect(describeCredentials([credential({ credentialId }), credential()])).toHaveLength(1);
  });

  it.each<[string[], boolean, string[]]>([
    [['internal'], true, ['internal', 'hybrid']],
    [['internal'], false, ['internal']],
    [['hybrid', 'internal'], true, ['hybrid', 'internal']],
    [['usb'], true, ['usb']],
    [[], true, []],
  ])(
    'of transports %j that are syncable (%s) are looked for over %j',
    (transports, backupEligible, expected) => {
      expect(describeCredentials([credential({ transports, backupEligible })])[0]?.transports).toEqual(
        expected,
      );
    },
  );
});

describe('base64url', () => {
  it('is decoded to bytes', () => {
    expect(toBytes('-_8')).toEqual(new Uint8Array([251, 255]));
  });
});
