import { describe, expect, it } from '@jest/globals';

import { buildKeyUri } from './key-uri.js';

const parameters = {
  issuer: 'ACME Co',
  label: 'ada@example.com',
  secret: 'JBSWY3DPEHPK3PXP',
  algorithm: 'sha1',
  digits: 6,
  period: 30,
} as const;

describe('buildKeyUri', () => {
  it('writes issuer and account into the label and all parameters out', () => {
    expect(buildKeyUri(parameters)).toBe(
      'otpauth://totp/ACME%20Co:ada%40example.com?secret=JBSWY3DPEHPK3PXP&issuer=ACME%20Co&algorithm=SHA1&digits=6&period=30',
    );
  });

  it('cuts a label that no QR code would hold, and never in the middle of a character', () => {
    for (const character of ['a', ' ', ':', '\u00e9', '\u{1f600}', '\ud800']) {
      const uri = buildKeyUri({ ...parameters, label: `a${character.repeat(20_000)}z` });
      expect(uri).toMatch(/^otpauth:\/\/totp\/ACME%20Co:a.*\?secret=/);
      expect(uri.length).toBeLessThan(2850);
      expect(() => decodeURIComponent(uri)).not.toThrow();
    }
  });

  it('keeps as much of a label as there is room for', () => {
    const around = 'otpauth://totp/:?'.length;
    expect(buildKeyUri({ ...parameters, label: 'a'.repeat(20_000) })).toHaveLength(2800 + around);
  });

  it('leaves out the spaces around issuer and label', () => {
    const uri = buildKeyUri({ ...parameters, issuer: ' ACME Co ', label: '  ada@example.com ' });
    expect(uri).toBe(buildKeyUri(parameters));
    // They take no room either.
    const far = { ...parameters, label: `${' '.repeat(20_000)}ada@example.com` };
    expect(buildKeyUri(far)).toBe(buildKeyUri(parameters));
  });

  it('lets no colon, parameter or broken character into the label', () => {
    const uri = buildKeyUri({ ...parameters, issuer: 'A:B', label: 'x:y?secret=Z&z=1 \ud800' });
    expect(uri).toContain(
      'otpauth://totp/A%20B:x%20y%3Fsecret%3DZ%26z%3D1%20%EF%BF%BD?secret=JBSWY3DPEHPK3PXP&issuer=A%20B&',
    );
  });
});
