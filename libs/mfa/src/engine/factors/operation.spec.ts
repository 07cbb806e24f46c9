import { describe, expect, it } from '@jest/globals';

import { MFA_OPERATIONS, operationOf } from './operation.js';

class Pager {
  send(): Promise<void> {
    return Promise.resolve();
  }
}

describe('an operation', () => {
  it('is named with its class and method, and with the place of the type where factors share the method', () => {
    expect(operationOf('challenge', Pager, 'send')).toEqual({
      operation: 'challenge',
      of: Pager,
      method: 'send',
    });
    expect(operationOf('challenge', Pager, 'send')).not.toHaveProperty('typeAt');
    expect(operationOf('challenge', Pager, 'send', 0)).toHaveProperty('typeAt', 0);
  });

  it('has one of the names that dashboards know', () => {
    expect(MFA_OPERATIONS).toEqual([
      'guard',
      'sign_in',
      'proof',
      'verification',
      'challenge',
      'setup.begin',
      'setup.finish',
      'notification',
      'message',
      'storage.read',
      'storage.commit',
    ]);
  });
});
