import type { INestApplicationContext } from '@nestjs/common';
import { Command, Option } from 'commander';

import type { MfaImportReport } from '../import/import-report.js';
import { MfaImportError } from '../import/import-report.js';
import { MfaImportService } from '../import/mfa-import.service.js';
import { wholeNumber, wholeNumberFrom } from './arguments.js';
import type { FormatOptions } from './import-formats.js';
import { FORMAT_NAMES, prepareImport } from './import-formats.js';
import { ReportFile, describeReport } from './import-outcome.js';
import { Progress } from './progress.js';

interface Options extends FormatOptions {
  format: string;
  dryRun?: boolean;
  report?: string;
}

type WithApp = (work: (app: INestApplicationContext) => Promise<void>) => Promise<void>;

/** `import <file>`: imports authenticator apps and recovery codes from another system. */
export function importCommand(withApp: WithApp, print: (line: string) => void): Command {
  return new Command('import')
    .argument('<file>', 'file exported by the other system')
    .description('imports authenticator apps and recovery codes; exit status 1 if rows were rejected')
    .addOption(
      new Option('-f, --format <name>', 'format of the file').choices(FORMAT_NAMES).makeOptionMandatory(),
    )
    .option('-n, --dry-run', 'check everything and write nothing')
    .option('--report <file>', 'write every rejected and skipped row to this file, as JSON lines')
    .option('--keys <file>', 'a .env file with the keys of the other system (default: the environment)')
    .addOption(
      new Option('--rows <kind>', 'csv or jsonl (default: from the file name)').choices(['csv', 'jsonl']),
    )
    .option('--digits <number>', 'digits of its TOTP codes', wholeNumber)
    .option('--period <seconds>', 'period of its TOTP codes', wholeNumber)
    .addOption(
      new Option('--algorithm <name>', 'by-hand: algorithm of the TOTP codes').choices([
        'sha1',
        'sha256',
        'sha512',
      ]),
    )
    .addOption(
      new Option('--encoding <name>', 'by-hand: encoding of the secret').choices([
        'base32',
        'hex',
        'ascii',
        'base64',
      ]),
    )
    .option('--user-column <name>', "by-hand: column of the user's id")
    .option('--secret-column <name>', 'by-hand: column of the secret')
    .option('--codes-column <name>', 'by-hand: column of the recovery codes')
    .option(
      '--recovery-code-count <number>',
      'django-allauth: MFA_RECOVERY_CODE_COUNT',
      wholeNumberFrom(1, 100),
    )
    .option(
      '--recovery-code-digits <number>',
      'django-allauth: MFA_RECOVERY_CODE_DIGITS',
      wholeNumberFrom(1, 40),
    )
    .addOption(
      new Option('--cipher <mode>', 'laravel-fortify: cipher in config/app.php').choices(['cbc', 'gcm']),
    )
    .option('--unconfirmed', 'laravel-fortify: also import users who never confirmed a first code')
    .option('--decrypted', 'better-auth: the values are already decrypted')
    .action(async (file: string, { format, dryRun = false, report: path, ...options }: Options) => {
      const rows = prepareImport(file, format, options);
      // A first pass before anything is written: a file that can't be read at all fails here.
      let total = 0;
      for await (const _ of rows()) total += 1;
      const reportFile = path === undefined ? null : await ReportFile.create(path);
      const tell = async (report: MfaImportReport) => {
        for (const line of describeReport(report, dryRun)) print(line);
        await reportFile?.write(report);
        if (report.rejected.length > 0) process.exitCode = 1;
      };
      const progress = new Progress(dryRun ? 'import, dry run' : 'import');
      try {
        await withApp(async (app) => {
          const imports = app.get(MfaImportService, { strict: false });
          const onProgress = ({ read }: { read: number }) => progress.update(read, total);
          const report = await imports.importRecords(rows(), { dryRun, onProgress });
          progress.stop();
          await tell(report);
        });
      } catch (error) {
        progress.stop();
        if (!(error instanceof MfaImportError)) throw error;
        await tell(error.report);
        const { message } = error.cause instanceof Error ? error.cause : { message: 'unknown' };
        throw new Error(`${error.message}. The reason: ${message}`, { cause: error });
      } finally {
        await reportFile?.close();
      }
    });
}
