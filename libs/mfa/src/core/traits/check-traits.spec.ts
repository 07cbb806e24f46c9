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
});
