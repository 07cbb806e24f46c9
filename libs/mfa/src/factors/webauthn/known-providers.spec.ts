import { describe, expect, it } from '@jest/globals';

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { KNOWN_PROVIDERS, KNOWN_PROVIDERS_DATE } from './known-providers.js';

const DOCUMENT = join(import.meta.dirname, '../../../../../docs/webauthn.md');

/** The providers that users are most likely to have. */
const WIDESPREAD = {
  'ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4': 'Google Password Manager',
  'adce0002-35bc-c60a-648b-0b25f1f05503': 'Chrome on Mac',
  'fbfc3007-154e-4ecc-8c0b-6e020557d7bd': /^(?:iCloud Keychain|Apple Passwords)$/,
  '08987058-cadc-4b81-b6e1-30de50dcbe96': 'Windows Hello',
  '53414d53-554e-4700-0000-000000000000': 'Samsung Pass',
  'bada5566-a7aa-401f-bd96-45619a55120d': '1Password',
  'd548826e-79b4-db40-a3d8-11116f7e8349': 'Bitwarden',
  '531126d6-e717-415c-9320-3d9aa6981239': 'Dashlane',
  '50726f74-6f6e-5061-7373-50726f746f6e': 'Proton Pass',
};

describe('the known providers', () => {
  it('are those that are widespread, by the names that they go by', () => {
    for (const [aaguid, name] of Object.entries(WIDESPREAD)) {
      expect(KNOWN_PROVIDERS[aaguid]).toMatch(name);
    }
    expect(Object.keys(KNOWN_PROVIDERS).length).toBeGreaterThan(300);
  });

  it('have a day, and AAGUIDs as authenticators say them', () => {
    expect(KNOWN_PROVIDERS_DATE).toMatch(/^20\d\d-\d\d-\d\d$/);
    expect(readFileSync(DOCUMENT, 'utf8')).toContain(`had them on ${KNOWN_PROVIDERS_DATE}`);
    for (const [aaguid, name] of Object.entries(KNOWN_PROVIDERS)) {
      expect(aaguid).toMatch(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(name).toBe(name.trim());
    }
    // The AAGUID of all authenticators that don't reveal their model.
    expect(KNOWN_PROVIDERS).not.toHaveProperty('00000000-0000-0000-0000-000000000000');
  });
});
