import { describe, expect, it } from '@jest/globals';

import { checkTraits } from './check-traits.js';

const NAMES = [
  'type',
  'method',
  'role',
  'phishingResistant',
  'showsFacts',
  'amr',
  'readFromAmr',
  'steps',
  'judgedBy',
  'channel',
  'refusedBy',
  'restricted',
  'maxPerUser',
  'label',
  'labels',
];

describe('a trait of a factor', () => {
  it.each(NAMES)('is refused by its name where it is null: `%s`', (name) => {
    expect(() => checkTraits({ [name]: null })).toThrow(`The trait \`${name}\` of a factor must be`);
  });

  it.each<[string, unknown]>([
    ['amr', ['otp', 'sms']],
    ['amr', { hardware: ['hwk'], synced: ['swk'], unknown: ['pop'] }],
    ['readFromAmr', []],
    ['role', 'second_factor'],
    ['role', 'backup'],
    ['judgedBy', 'authenticator'],
    ['judgedBy', 'own_tables'],
    ['refusedBy', []],
    ['refusedBy', ['aal2', 'strict', 'aal3']],
    ['maxPerUser', 1],
    ['maxPerUser', 20],
    ['labels', { en: 'Pager', de: 'Piepser' }],
    ['steps', false],
    ['channel', undefined],
  ])('`%s` may be %j', (name, value) => {
    expect(() => checkTraits({ [name]: value })).not.toThrow();
  });

  it.each<[string, unknown]>([
    ['amr', ['otp', '']],
    ['amr', ['otp', 1]],
    ['amr', { hardware: ['hwk'], synced: ['swk'] }],
    ['readFromAmr', 'otp'],
    ['role', 'second'],
    ['judgedBy', ''],
    ['refusedBy', 'aal2'],
    ['refusedBy', ['aal2', 'aal1']],
    ['maxPerUser', 0],
    ['maxPerUser', 21],
    ['maxPerUser', 1.5],
    ['label', ''],
    ['labels', 'Pager'],
    ['labels', { en: 'Pager', de: '' }],
    ['steps', 'true'],
  ])('`%s` may not be %j', (name, value) => {
    expect(() => checkTraits({ [name]: value })).toThrow(`The trait \`${name}\` of a factor must be`);
  });

  it('that does not exist is refused, with those that do', () => {
    expect(() => checkTraits({ rolle: 'backup' })).toThrow(
      `\`rolle\` is not a trait of a factor; the traits are ${NAMES.join(', ')}`,
    );
    expect(() => checkTraits({ needsOption: 'webauthn', text: 'typeWebauthn' })).not.toThrow();
  });
});
