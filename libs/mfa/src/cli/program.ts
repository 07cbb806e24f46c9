import type { INestApplicationContext } from '@nestjs/common';
import { Command } from 'commander';

import { MfaAdminService } from '../admin/mfa-admin.service.js';
import { permitLostSecret } from '../secrets/lost-secret-permit.js';
import { wholeNumber } from './arguments.js';
import { attackCommand } from './attack-command.js';
import { doctorCommand } from './doctor-command.js';
import { importCommand } from './import-command.js';
import { loadApplication } from './load-application.js';
import { Progress } from './progress.js';
import { addUserCommands } from './user-commands.js';

interface GlobalOptions {
  app?: string;
  export?: string;
}

const ACTOR = 'cli';

/**
 * The command line. Every command except `attack` boots the application without HTTP, does its work and shuts it down.
 */
export function createProgram(
  print: (line: string) => void = (line) => process.stdout.write(`${line}\n`),
): Command {
  const program = new Command('nestjs-mfa')
    .description('Maintains the multi-factor authentication of a NestJS application')
    .option('-a, --app <file>', 'compiled file of the root module, such as dist/app.module.js')
    .option('-e, --export <name>', 'name of its export (default: the default export, otherwise AppModule)')
    .showHelpAfterError();

  /** Every command needs an application except `attack`, which only sees one from the outside. */
  const application = () => {
    const { app: file, export: name } = program.opts<GlobalOptions>();
    return { file: file ?? program.error("error: required option '-a, --app <file>' not specified"), name };
  };
  const withApp = async (work: (app: INestApplicationContext) => Promise<void>) => {
    const { file, name } = application();
    const app = await loadApplication(file, name);
    try {
      await work(app);
    } finally {
      await app.close();
    }
  };
  const withAdmin = (work: (admin: MfaAdminService) => Promise<void>) =>
    withApp((app) => work(app.get(MfaAdminService, { strict: false })));

  program
    .command('rotate-secret')
    .description('re-encrypts everything under the first secret; safe while the application is running')
    .option('-b, --batch-size <rows>', 'rows per transaction', wholeNumber, 500)
    .action(({ batchSize }: { batchSize: number }) =>
      withAdmin(async (admin) => {
        const progress = new Progress('rotate-secret');
        const { rotated, unreadable } = await admin.rotateSecret({
          batchSize,
          onProgress: ({ done, total }) => progress.update(done, total),
        });
        progress.stop();
        print(`${rotated} rows were re-encrypted under the current secret, ${unreadable} could not be read`);
        if (unreadable > 0) process.exitCode = 1;
      }),
    );

  program
    .command('replace-recovery-code-key')
    .description('puts new sets of recovery codes under a new key; existing codes keep working')
    .action(() =>
      withAdmin(async (admin) => {
        const { formerSets, removedKeys } = await admin.replaceRecoveryCodeKey({ actor: ACTOR });
        print(
          `New sets use a new key; ${formerSets} existing sets keep their old key until their users create new codes`,
        );
        print(`${removedKeys} old keys that are no longer needed were removed`);
      }),
    );

  program
    .command('purge')
    .description('removes what has expired')
    .action(() =>
      withAdmin(async (admin) => {
        for (const [name, count] of Object.entries(await admin.purgeExpired())) print(`${name}: ${count}`);
      }),
    );

  program
    .command('report-revoked-models')
    .description('notifies users whose key is of a revoked model (webauthn.metadata); changes nothing else')
    .action(() =>
      withAdmin(async (admin) => {
        const reported = await admin.reportRevokedModels({ actor: ACTOR });
        print(`${reported} keys of revoked models were reported`);
      }),
    );

  addUserCommands(program, { withApp, withAdmin, actor: ACTOR }, print);

  program
    .command('discard-unreadable')
    .description('removes what no configured secret can decrypt, after a secret is lost for good')
    .option('-n, --dry-run', 'only count; write nothing')
    .option('--reseal', 'keep what can be read, although nothing proves that it is unchanged')
    .action(({ dryRun = false, reseal = false }: { dryRun?: boolean; reseal?: boolean }) =>
      // An application refuses to boot without a secret that rows depend on, which is the very situation this command
      // handles.
      permitLostSecret(() =>
        withAdmin(async (admin) => {
          const report = await admin.discardUnreadable({ dryRun, reseal, actor: ACTOR });
          for (const [name, count] of Object.entries(report)) print(`${name}: ${count}`);
          print(dryRun ? 'Nothing was written' : 'These were removed');
        }),
      ),
    );

  const given = () => {
    const { file, name } = application();
    // Without logging: the doctor explains boot errors in its own words.
    return { file, boot: () => loadApplication(file, name, false) };
  };
  // `addCommand` doesn't inherit settings, unlike `command`.
  program.addCommand(importCommand(withApp, print).copyInheritedSettings(program));
  program.addCommand(doctorCommand(given, print).copyInheritedSettings(program));
  program.addCommand(attackCommand(print).copyInheritedSettings(program));

  return program;
}
