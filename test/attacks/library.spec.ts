import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AttackReport } from 'nestjs-mfa/attacks';
import { runAttacks } from 'nestjs-mfa/attacks';

import type { TestApp } from '../support/test-app.js';
import { startEveryFactor } from './targets/every-factor.js';

describe('the library with every factor', () => {
  let test: TestApp;
  let report: AttackReport;
  beforeAll(async () => {
    const started = await startEveryFactor();
    test = started.test;
    report = await runAttacks(started.target);
  }, 60_000);
  afterAll(() => test.close());

  it('holds', () => {
    expect(report.results.filter(({ verdict }) => verdict === 'fell' || verdict === 'unclear')).toEqual([]);
  });
});
