import { describe, expect, it } from '@jest/globals';

import { toCeremonyError } from './ceremony-error.js';

describe('what a browser throws during a ceremony', () => {
  it.each([
    ['AbortError', 'ceremony_cancelled'],
    ['NotAllowedError', 'ceremony_cancelled'],
    ['InvalidStateError', 'already_registered'],
    ['NotSupportedError', 'not_supported'],
    ['ConstraintError', 'not_supported'],
    ['SecurityError', 'ceremony_failed'],
    ['UnknownError', 'ceremony_failed'],
  ])('%s is %s', (name, code) => {
    const cause = new DOMException('What the browser says', name);
    const error = toCeremonyError(cause);
    expect(error).toMatchObject({ code, status: 0, cause });
    expect(error.message).not.toBe('');
    expect(toCeremonyError(error)).toBe(error);
  });
});
