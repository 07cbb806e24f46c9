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
    .description('shows the status of a user, without any secret')
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
    .description('lists the ids of users by how they stand, one a line')
    .addOption(
      new Option('-s, --state <state>', 'how they stand').choices(MFA_USER_LIST_STATES).makeOptionMandatory(),
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
    .argument('<authenticator>', 'its id, as `status` shows it')
    .description('lets a factor verify again that was reported as lost')
    .action((userId: string, authenticatorId: string) =>
      withAdmin(async (admin) => {
        await admin.resume(userId, authenticatorId, { actor });
        print(`${authenticatorId} of ${userId} verifies again`);
      }),
    );

  program
    .command('require-enrollment')
    .argument('<user>', 'id of the user')
    .description('demands a second factor of a user; after a reset, a new one')
    .requiredOption('-r, --reason <text>', 'why; kept in the audit trail')
    .option('--from <date>', 'until then the user may work without, such as 2027-01-31 (default: now)', date)
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
    .description('takes that demand back')
    .requiredOption('-r, --reason <text>', 'why; kept in the audit trail')
    .action((userId: string, { reason }: { reason: string }) =>
      withAdmin(async (admin) => {
        await admin.waiveEnrollment(userId, reason, { actor });
        print(`An administrator demands no second factor of ${userId} any more`);
      }),
    );

  program
    .command('end-all-sessions')
    .description('signs all users out, as after a break-in')
    .requiredOption('-r, --reason <text>', 'why; kept in the audit trail')
    .action(({ reason }: { reason: string }) =>
      withAdmin(async (admin) =>
        print(`${await admin.endAllSessions(reason, { actor })} users were signed out`),
      ),
    );

  program
    .command('forget-user')
    .argument('<user>', 'id of the user')
    .description('removes all that is kept of a user whose account is deleted')
    .option('--keep-audit-trail', "keep the user's entries of the audit trail")
    .action((userId: string, { keepAuditTrail = false }: { keepAuditTrail?: boolean }) =>
      withApp(async (app) => {
        const mfa = app.get(MfaService, { strict: false });
        const wasKept = await mfa.forgetUser(userId, { actor, keepAuditTrail });
        print(wasKept ? `All that was kept of ${userId} was removed` : `Nothing was kept of ${userId}`);
      }),
    );

  program
    .command('export-user')
    .argument('<user>', 'id of the user')
    .description('prints all that is kept of a user as JSON, without any secret')
    .action((userId: string) =>
      withApp(async (app) => {
        const mfa = app.get(MfaService, { strict: false });
        print(JSON.stringify(await mfa.exportUser(userId), null, 2));
      }),
    );
}
