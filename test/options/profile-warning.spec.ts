import { describe, expect, it } from '@jest/globals';
import type { MfaModuleOptions } from 'nestjs-mfa';
import { DefaultMfaAdapter } from 'nestjs-mfa';

import { RELYING_PARTY, TestAdapter, startTestApp } from '../support/test-app.js';

async function warningsOf(
  profile: MfaModuleOptions['profile'],
  adapter: MfaModuleOptions['adapter'],
): Promise<string[]> {
  const test = await startTestApp({
    mfa: { webauthn: RELYING_PARTY, profile },
    adapter,
  });
  const said = test.logger.lines.join('\n').match(/Profile `\w+` needs the adapter's `\w+\(\)`/g) ?? [];
  await test.close();
  return said;
}

describe('an application whose adapter tells nobody of changes, and knows nobody', () => {
  it('is warned at boot, under a profile', async () => {
    expect(await warningsOf('aal2', DefaultMfaAdapter)).toEqual([
      "Profile `aal2` needs the adapter's `findUser()`",
      "Profile `aal2` needs the adapter's `sendNotification()`",
    ]);
    expect(await warningsOf('aal2', TestAdapter)).toEqual([]);
    expect(await warningsOf('default', DefaultMfaAdapter)).toEqual([]);
  });
});
