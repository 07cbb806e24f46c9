import { expect } from '@jest/globals';
import type { AttackReport, AttackTarget, RunAttacksOptions } from 'nestjs-mfa/attacks';
import { runAttacks } from 'nestjs-mfa/attacks';

import { noteReport } from './note-report.js';

interface Started<User extends object> {
  target: AttackTarget<User>;
  close(): Promise<void>;
}

/** Attacks it, and stops it. */
export async function attack<User extends object>(
  started: Promise<Started<User>>,
  options: RunAttacksOptions = {},
): Promise<AttackReport> {
  const application = await started;
  try {
    const report = await runAttacks(application.target, options);
    await noteReport(report);
    return report;
  } finally {
    await application.close();
  }
}

/** The attacks with these verdicts, and why. */
export const told = ({ results }: AttackReport, ...verdicts: string[]): string[] =>
  results.filter(({ verdict }) => verdicts.includes(verdict)).map(({ id, reason }) => `${id}: ${reason}`);

/** @param lacking why an attack may not apply */
export function expectHeld(report: AttackReport, lacking = /^$/): void {
  expect(told(report, 'fell', 'unclear')).toEqual([]);
  expect(told(report, 'not_applicable').filter((reason) => !lacking.test(reason))).toEqual([]);
  expect(report.counts.held).toBeGreaterThan(0);
}
