import { appendFile } from 'node:fs/promises';

import type { AttackReport } from 'nestjs-mfa/attacks';

/** Leaves a line for `tools/attacks.mjs`, which asks for that by a file’s name in the environment. */
async function note(line: object): Promise<void> {
  const file = process.env['MFA_ATTACKS_NOTES'];
  if (file !== undefined) await appendFile(file, `${JSON.stringify(line)}\n`);
}

/** What came of all attacks on a target. */
export const noteReport = ({ target, counts, requests, took }: AttackReport): Promise<void> =>
  note({ target, counts, requests, took });

/** Which attacks have found a fault. */
export const noteFault = (fault: string, what: string, foundBy: readonly string[]): Promise<void> =>
  note({ fault, what, foundBy });
