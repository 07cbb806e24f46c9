import type { INestApplicationContext } from '@nestjs/common';
import type { Command } from 'commander';
import { Option } from 'commander';

import { MfaService } from '../account/mfa.service.js';
import type { MfaAdminService } from '../admin/mfa-admin.service.js';
import { MFA_USER_LIST_STATES } from '../admin/user-list.js';
import type { MfaUserListState, MfaUserPage } from '../admin/user-list.js';
import { date } from './arguments.js';

/** What a command works with, and the actor it reports. */
interface Workplace {
  withApp: (work: (app: INestApplicationContext) => Promise<void>) => Promise<void>;
  withAdmin: (work: (admin: MfaAdminService) => Promise<void>) => Promise<void>;
  actor: string;
}

/** The commands that deal with users: for support staff, and for whoever is on call. */
export function addUserCommands(
  program: Command,
  { withApp, withAdmin, actor }: Workplace,
  print: (line: string) => void,
): void {
  program
    .command('status')
    .argument('<user>', 'id of the user')
    .description('shows the status of a user, without secrets')
    .action((userId: string) =>
      withAdmin(async (admin) => print(JSON.stringify(await admin.status(userId), null, 2))),
    );

  program
    .command('reset')
    .argument('<user>', 'id of the user')
    .description('removes the factors, sessions and trusted browsers of a user')
    .requiredOption('-r, --reason <text>', 'why; kept in the audit trail')
    .option('--authenticator <id>', 'one authenticator only')
    .action((userId: string, { reason, authenticator }: { reason: string; authenticator?: string }) =>
      withAdmin(async (admin) => {
        const one = authenticator === undefined ? {} : { authenticatorId: authenticator };
        await admin.reset(userId, reason, { actor, ...one });
        print(`The factors of ${userId} were reset`);
      }),
    );

  program
    .command('list-users')
    .description('lists the ids of users in a given state, one per line')
    .addOption(
      new Option('-s, --state <state>', 'state of the users')
        .choices(MFA_USER_LIST_STATES)
        .makeOptionMandatory(),
    )
    .action(({ state }: { state: MfaUserListState }) =>
      withAdmin(async (admin) => {
        let cursor: string | null = null;
        do {
          const { users, next }: MfaUserPage = await admin.listUsers({ state, cursor, limit: 1000 });
          for (const { userId } of users) print(userId);
          cursor = next;
        } while (cursor !== null);
      }),
    );

  program
    .command('unlock')
    .argument('<user>', 'id of the user')
    .description('unlocks the locked factors of a user')
    .action((userId: string) =>
      withAdmin(async (admin) => {
        await admin.unlock(userId, { actor });
        print(`The factors of ${userId} are unlocked`);
      }),
    );

  program
    .command('resume')
    .argument('<user>', 'id of the user')
    .argument('<authenticator>', 'id of the authenticator, as shown by `status`')
    .description('reactivates a factor that was reported as lost')
    .action((userId: string, authenticatorId: string) =>
      withAdmin(async (admin) => {
        await admin.resume(userId, authenticatorId, { actor });
        print(`${authenticatorId} of ${userId} is active again`);
      }),
    );

  program
    .command('require-enrollment')
    .argument('<user>', 'id of the user')
    .description('requires a user to have a second factor; after a reset, a new one')
    .requiredOption('-r, --reason <text>', 'why; kept in the audit trail')
    .option('--from <date>', 'when it becomes required, such as 2027-01-31 (default: now)', date)
    .action((userId: string, { reason, from }: { reason: string; from?: Date }) =>
      withAdmin(async (admin) => {
        await admin.requireEnrollment(userId, reason, { actor, ...(from ? { from } : {}) });
        print(
          `${userId} must have a second factor ${from ? `from ${from.toISOString()} on` : 'from now on'}`,
        );
      }),
    );

  program
    .command('waive-enrollment')
    .argument('<user>', 'id of the user')
    .description('withdraws the requirement made by require-enrollment')
    .requiredOption('-r, --reason <text>', 'why; kept in the audit trail')
    .action((userId: string, { reason }: { reason: string }) =>
      withAdmin(async (admin) => {
        await admin.waiveEnrollment(userId, reason, { actor });
        print(`No administrator requires ${userId} to have a second factor any more`);
      }),
    );

  program
    .command('end-all-sessions')
    .description('signs out all users, for example after a break-in')
    .requiredOption('-r, --reason <text>', 'why; kept in the audit trail')
    .action(({ reason }: { reason: string }) =>
      withAdmin(async (admin) =>
        print(`${await admin.endAllSessions(reason, { actor })} users were signed out`),
      ),
    );

  program
    .command('forget-user')
    .argument('<user>', 'id of the user')
    .description('removes all data of a user whose account is deleted')
    .option('--keep-audit-trail', "keep the user's entries in the audit trail")
    .action((userId: string, { keepAuditTrail = false }: { keepAuditTrail?: boolean }) =>
      withApp(async (app) => {
        const mfa = app.get(MfaService, { strict: false });
        const wasKept = await mfa.forgetUser(userId, { actor, keepAuditTrail });
        print(wasKept ? `All data of ${userId} was removed` : `There was no data of ${userId}`);
      }),
    );

  program
    .command('export-user')
    .argument('<user>', 'id of the user')
    .description('prints all data of a user as JSON, without secrets')
    .action((userId: string) =>
      withApp(async (app) => {
        const mfa = app.get(MfaService, { strict: false });
        print(JSON.stringify(await mfa.exportUser(userId), null, 2));
      }),
    );
}
