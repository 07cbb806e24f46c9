import { describe, expect, it } from '@jest/globals';

import { SUPPORTED_DATABASES } from '../schema/check-data-source.js';
import { DATABASE_SYSTEMS, closed } from './closed-attributes.js';

describe('closed()', () => {
  it.each(SUPPORTED_DATABASES)('knows the database %s by name', (type) => {
    const { 'db.system.name': name } = closed({ 'db.system.name': DATABASE_SYSTEMS[type] });
    expect(type).toContain(name === 'postgresql' ? 'postgres' : name);
  });

  it('lets no other value through', () => {
    expect(closed({ 'db.system.name': 'oracle' })).toEqual({ 'db.system.name': 'other' });
  });
});
