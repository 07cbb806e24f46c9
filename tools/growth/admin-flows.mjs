// What administrators and jobs do through the services. It may cost more than a request, and the report shows how much.
import { MfaAdminService, MfaAuditService } from 'nestjs-mfa';

import { isForAdministrators, isLocked, userIdOf } from './fill.mjs';

const HOUR = 3_600_000;

export function flowsOfAdministrators({ app, clock, pick }) {
  const admin = app.get(MfaAdminService);
  const audit = app.get(MfaAuditService);
  const somebody = () => userIdOf(pick(isForAdministrators));
  const ofOneUser = (name, run) => ({ name, kind: 'request', run });
  const ofMany = (name, run) => ({ name, kind: 'admin', run });
  const page = (state) => ofMany(`list of users, ${state}`, () => admin.listUsers({ state }));
  return [
    ofOneUser('admin: status', () => admin.status(somebody())),
    ofOneUser('admin: unlock', () => admin.unlock(userIdOf(pick(isLocked)), { actor: 'ada' })),
    ofOneUser('admin: demand a factor', () =>
      admin.requireEnrollment(somebody(), 'policy', { actor: 'ada' }),
    ),
    ofOneUser('admin: end sessions', () => admin.endSessions(somebody(), { actor: 'ada' })),
    ofOneUser('admin: reset', () => admin.reset(somebody(), 'lost phone', { actor: 'ada' })),
    ofOneUser('audit, page of a user', () => audit.find({ userId: somebody() })),
    ofMany('audit, newest page', () => audit.find()),
    ofMany('audit, an hour of a year', () =>
      audit.find({ from: new Date(clock.time - 5000 * HOUR), to: new Date(clock.time - 4999 * HOUR) }),
    ),
    ofMany('audit, newest of a frequent type', () => audit.find({ types: ['mfa.session.started'] })),
    ofMany('audit, newest of a rare type', () => audit.find({ types: ['mfa.admin.reset'] })),
    ofMany('audit, newest of two rare types', () =>
      audit.find({ types: ['mfa.admin.reset', 'mfa.admin.unlocked'] }),
    ),
    page('enrolled'),
    page('not_enrolled'),
    page('enrollment_required'),
    page('locked'),
  ];
}

/** Runs once: there is nothing left to remove after it. */
export function purge({ app }) {
  return { name: 'purge', kind: 'job', run: () => app.get(MfaAdminService).purgeExpired() };
}
