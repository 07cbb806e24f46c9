import { describe, expect, it } from '@jest/globals';
import type { AttackReport, RunAttacksOptions } from 'nestjs-mfa/attacks';
import { ATTACKS, runAttacks } from 'nestjs-mfa/attacks';

import type { Fault } from './vulnerable/faults.js';
import { FAULTS } from './vulnerable/faults.js';
import { VulnerableApp } from './vulnerable/vulnerable-app.js';
import { vulnerableTarget } from './vulnerable/vulnerable-target.js';

async function attack(faults: Fault[], options: RunAttacksOptions = {}): Promise<AttackReport> {
  const app = await new VulnerableApp(...faults).start();
  try {
    return await runAttacks(vulnerableTarget(app), options);
  } finally {
    app.stop();
  }
}

const found = ({ results }: AttackReport) =>
  results.filter(({ verdict }) => verdict === 'fell').map(({ id }) => id);

describe('the vulnerable application', () => {
  it('holds without faults', async () => {
    const report = await attack([]);
    expect(report.results.filter(({ verdict }) => !['held', 'to_check'].includes(verdict))).toEqual([]);
  });

  it.each(Object.entries(FAULTS))('%s is found', async (fault, [, ...foundBy]) => {
    const report = await attack([fault as Fault], { only: foundBy });
    expect(found(report).sort()).toEqual([...foundBy].sort());
  });

  it('has a fault for each attack', () => {
    const all = new Set<string>(Object.values(FAULTS).flatMap(([, ...foundBy]) => foundBy));
    const made = ATTACKS.filter((one) => one.run !== undefined).map(({ id }) => id);
    expect(made.filter((id) => !all.has(id))).toEqual([]);
  });
});
