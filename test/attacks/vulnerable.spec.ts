import { describe, expect, it } from '@jest/globals';
import type { AttackReport, RunAttacksOptions } from 'nestjs-mfa/attacks';
import { ATTACKS, runAttacks } from 'nestjs-mfa/attacks';

import { THOROUGH } from '../support/thorough.js';
import { noteFault, noteReport } from './targets/note-report.js';
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

const TRIES = 3;

describe('the vulnerable application', () => {
  it('holds without faults', async () => {
    const report = await attack([]);
    await noteReport(report);
    expect(report.results.filter(({ verdict }) => !['held', 'to_check'].includes(verdict))).toEqual([]);
  });

  it.each(Object.entries(FAULTS))(
    '%s is found',
    async (fault, [what, ...foundBy]) => {
      // Requests at once meet in the fault or not, and on a machine that is busy rather not.
      let fell: string[] = [];
      for (let tried = 0; tried < TRIES && !foundBy.every((id) => fell.includes(id)); tried++)
        fell = found(await attack([fault as Fault], THOROUGH ? {} : { only: foundBy }));
      await noteFault(fault, what, fell);
      expect(fell).toEqual(expect.arrayContaining([...foundBy]));
    },
    120_000,
  );

  it('has a fault for each attack', () => {
    const all = new Set<string>(Object.values(FAULTS).flatMap(([, ...foundBy]) => foundBy));
    const made = ATTACKS.filter((one) => 'run' in one).map(({ id }) => id);
    expect(made.filter((id) => !all.has(id))).toEqual([]);
  });
});
