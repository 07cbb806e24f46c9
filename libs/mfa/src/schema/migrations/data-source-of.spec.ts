import { describe, expect, it } from '@jest/globals';
import type { DataSource, QueryRunner } from 'typeorm';

import { dataSourceOf } from './data-source-of.js';

const dataSource = { options: {} } as DataSource;

describe('the DataSource of a query runner', () => {
  it.each(['dataSource', 'connection'])('is its `%s`', (name) => {
    expect(dataSourceOf({ [name]: dataSource } as unknown as QueryRunner)).toBe(dataSource);
  });

  it('is missed', () => {
    expect(() => dataSourceOf({} as QueryRunner)).toThrow(TypeError);
  });
});
