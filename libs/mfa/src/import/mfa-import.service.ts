import { Inject, Injectable } from '@nestjs/common';

import { userIdOf } from '../core/users/mfa-user.js';
import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import type { MfaType } from '../core/policy/methods.js';
import type { CheckedRecord } from './check-record.js';
import { checkRecord } from './check-record.js';
import { RowProblem } from './import-problem.js';
import type { MfaImportRow, MfaImportRows } from './import-record.js';
import type { MfaImportProgress, MfaImportReport } from './import-report.js';
import { MfaImportError } from './import-report.js';
import { isRejected } from './import-text.js';
import { AlreadyThere, ImportUserFlow } from './import-user.flow.js';

export interface MfaImportOptions {
  /** Checks every row, including decryption, and writes nothing. */
  dryRun?: boolean;
  /** Called after each row; the import awaits it. */
  onProgress?: (progress: MfaImportProgress) => void | Promise<void>;
}

/**
 * Imports authenticator apps and recovery codes from another system, so that users keep what they have. Nothing is
 * written twice: users who already have a factor of that type are skipped, also when imports run concurrently or
 * repeatedly.
 */
@Injectable()
export class MfaImportService {
  constructor(
    @Inject(ImportUserFlow) private readonly flow: ImportUserFlow,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /**
   * Imports the rows one by one. A bad row is reported and doesn't stop the others.
   *
   * @param rows what a reader returns for a file, or your own records
   * @throws {MfaImportError} when the database, the adapter or the file fails; it says where, and the import can be
   * repeated
   */
  async importRecords(
    rows: MfaImportRows,
    { dryRun = false, onProgress }: MfaImportOptions = {},
  ): Promise<MfaImportReport> {
    const report: MfaImportReport = { read: 0, imported: 0, skipped: [], rejected: [] };
    const planned = new Map<string, Set<MfaType>>();
    let line = 0;
    let isReading = true;
    try {
      for await (const row of rows) {
        isReading = false;
        line = row.line ?? report.read + 1;
        report.read += 1;
        await this.take(row, line, report, dryRun ? planned : null);
        await onProgress?.(progressOf(report));
        isReading = true;
      }
    } catch (error) {
      throw new MfaImportError(isReading ? line + 1 : line, report, { cause: error, dryRun });
    }
    return report;
  }

  private async take(
    row: MfaImportRow,
    line: number,
    report: MfaImportReport,
    planned: Map<string, Set<MfaType>> | null,
  ): Promise<void> {
    const { userId } = row;
    const named = userId === undefined ? {} : { userId };
    if (isRejected(row)) {
      report.rejected.push({ line, ...named, reason: row.rejected });
      return;
    }
    try {
      const record = checkRecord(row, new Date(this.clock.now()));
      if (planned) await this.rehearse(record, planned);
      else await this.flow.import(record);
      report.imported += 1;
    } catch (error) {
      if (error instanceof RowProblem) report.rejected.push({ line, ...named, reason: error.reason });
      else if (error instanceof AlreadyThere)
        report.skipped.push({ line, userId: row.userId, reason: error.reason });
      else throw error;
    }
  }

  /**
   * Rows that a dry run would have written count for the rows after them, so that its report equals that of the import.
   */
  private async rehearse(record: CheckedRecord, planned: Map<string, Set<MfaType>>): Promise<void> {
    // The adapter's id, since the file may spell it differently.
    const userId = userIdOf(await this.flow.check(record, planned));
    const types = planned.get(userId) ?? new Set<MfaType>();
    if (record.totp) types.add('totp');
    if (record.codes.length > 0) types.add('recovery_codes');
    planned.set(userId, types);
  }
}

function progressOf({ read, imported, skipped, rejected }: MfaImportReport): MfaImportProgress {
  return { read, imported, skipped: skipped.length, rejected: rejected.length };
}
