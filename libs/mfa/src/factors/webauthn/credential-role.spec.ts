import { describe, expect, it } from '@jest/globals';

import type { WebAuthnRoleRequest } from './credential-role.js';
import { roleFor } from './credential-role.js';

describe('the role of a key', () => {
  it.each<[WebAuthnRoleRequest, string]>([
    [{}, 'second_factor'],
    [{ passwordless: false }, 'second_factor'],
    [{ passwordless: true }, 'both'],
    [{ role: 'second_factor' }, 'second_factor'],
    [{ role: 'both' }, 'both'],
    [{ role: 'passwordless' }, 'passwordless'],
    [{ role: 'second_factor', passwordless: false }, 'second_factor'],
    [{ role: 'both', passwordless: true }, 'both'],
    [{ role: 'passwordless', passwordless: true }, 'passwordless'],
    [{ automatic: false }, 'second_factor'],
    [{ automatic: true }, 'passwordless'],
    [{ automatic: true, passwordless: true }, 'passwordless'],
    [{ automatic: true, role: 'passwordless' }, 'passwordless'],
  ])('of %j is %s', (request, role) => {
    expect(roleFor(request)).toBe(role);
  });

  it.each<[WebAuthnRoleRequest, string]>([
    [
      { role: 'second_factor', passwordless: true },
      'passwordless true and the role second_factor contradict each other',
    ],
    [{ role: 'both', passwordless: false }, 'passwordless false and the role both contradict each other'],
    [
      { role: 'passwordless', passwordless: false },
      'passwordless false and the role passwordless contradict each other',
    ],
    [{ automatic: true, passwordless: false }, 'a key that is made automatically has the role passwordless'],
    [{ automatic: true, role: 'both' }, 'a key that is made automatically has the role passwordless'],
    [
      { automatic: true, role: 'second_factor' },
      'a key that is made automatically has the role passwordless',
    ],
  ])('is refused for %j', (request, message) => {
    expect(() => roleFor(request)).toThrow(
      expect.objectContaining({ code: 'invalid_request', details: { message: [message] } }),
    );
  });
});
