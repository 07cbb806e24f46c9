// Everything that a user, an administrator or an operator can have changed, one action each: what comes before it, and the action itself.
import { MfaAdminService, MfaImportService, MfaService } from 'nestjs-mfa';

const REASON = 'a test of crashes';

const admin =
  (work) =>
  ({ app, state }) =>
    work(app.get(MfaAdminService, { strict: false }), state.id);

/** What comes before: each is done once, and not cut off. */
const BEFORE = {
  'signed in': (site) => site.post('/login', { id: site.state.id }, 200),
  async 'an app is being set up'(site) {
    const body = site.state.app ? { replaces: site.state.app.id } : undefined;
    site.state.next = (await site.post('/mfa/totp', body, 201)).secret;
  },
  async 'has an app'(site) {
    await BEFORE['signed in'](site);
    await BEFORE['an app is being set up'](site);
    await activate(site);
  },
  async 'has a key'(site) {
    const key = site.newKey();
    const options = await site.post('/mfa/webauthn/options', { passwordless: true }, 200);
    await site.post('/mfa/webauthn', { credential: key.create(options) }, 201);
    site.keepKey(key);
  },
  async 'has codes by e-mail'(site) {
    await site.post('/mfa/factors/email_code', {}, 201);
    await site.post('/mfa/factors/email_code/activate', { code: await site.mailedCode() }, 201);
  },
  async 'a code is on its way'(site) {
    await site.post('/mfa/factors/email_code', {}, 201);
    site.state.mailed = await site.mailedCode();
  },
  'half signed in': (site) => {
    site.forgetCookies();
    return site.post('/login', { id: site.state.id }, 200);
  },
  async 'stepped up'(site) {
    await site.post('/mfa/authenticate', { code: site.freshCode() }, 200);
  },
  async 'trusted browser'(site) {
    await BEFORE['half signed in'](site);
    await site.post('/mfa/authenticate', { code: site.freshCode(), trustDevice: true }, 200);
  },
  async 'reported as lost'(site) {
    await BEFORE['half signed in'](site);
    await site.post('/mfa/authenticate', { code: site.state.codes.pop() }, 200);
    await site.post(`/mfa/authenticate/authenticators/${site.state.app.id}/suspend`, undefined, 200);
    await site.post('/mfa/authenticate', { code: site.state.codes.pop() }, 200);
  },
  'somewhere else too': async (site) => {
    const kept = site.state.cookies;
    await BEFORE['trusted browser'](site);
    site.state.cookies = kept;
  },
  'many wrong codes': async (site) => {
    await BEFORE['half signed in'](site);
    for (let times = 0; times < 3; times += 1) await site.post('/mfa/authenticate', { code: '000000' }, 400);
  },
};

async function activate(site) {
  const { state } = site;
  const body = await site.post('/mfa/totp/activate', { code: site.freshCode(state.next) }, 201);
  state.app = { id: body.authenticator.id, secret: state.next };
  if (body.recoveryCodes) state.codes = body.recoveryCodes;
}

/** @param between why it may stop half way, in a state from which it can be done again; without it that is a fault */
const flow = (name, before, act, between = null) => ({
  name,
  before: before.map((one) => BEFORE[one]),
  act,
  between,
});

export const FLOWS = [
  flow(
    'first factor',
    [],
    BEFORE['signed in'],
    'the session is made, and told of in the audit trail, before it counts; nobody has its token yet',
  ),
  flow('set-up of an app', ['signed in'], BEFORE['an app is being set up']),
  flow('activation of an app', ['signed in', 'an app is being set up'], activate),
  flow('activation in the place of another', ['has an app', 'an app is being set up'], activate),
  flow('sign-in by a code, with trust', ['has an app', 'half signed in'], (site) =>
    site.post('/mfa/authenticate', { code: site.freshCode(), trustDevice: true }, 200),
  ),
  flow('sign-in by a recovery code', ['has an app', 'half signed in'], (site) =>
    site.post('/mfa/authenticate', { code: site.state.codes[0] }, 200),
  ),
  flow(
    'sign-in of a trusted browser',
    ['has an app', 'trusted browser'],
    (site) => site.post('/login', { id: site.state.id }, 200),
    'the trust is used up and renewed before the session is complete; the former token is taken once more',
  ),
  flow('registration of a key', ['has an app'], BEFORE['has a key']),
  flow('sign-in by a key', ['has an app', 'has a key', 'half signed in'], async (site) => {
    const options = await site.post('/mfa/authenticate/webauthn/options', undefined, 200);
    await site.post('/mfa/authenticate/webauthn', { credential: site.useKey(options) }, 200);
  }),
  flow('sign-in by a passkey alone', ['has an app', 'has a key'], async (site) => {
    site.forgetCookies();
    const options = await site.post('/mfa/passkey/options', undefined, 200);
    await site.post('/mfa/passkey', { credential: site.useKey(options) }, 200);
  }),
  flow('account by a passkey', [], async (site) => {
    const name = `${site.state.id}@example.com`;
    const options = await site.post('/mfa/sign-up/options', { name }, 200);
    await site.post('/mfa/sign-up', { credential: site.newKey().create(options), name }, 201);
  }),
  flow('set-up of codes by e-mail', ['has an app'], (site) => site.post('/mfa/factors/email_code', {}, 201)),
  flow('activation of codes by e-mail', ['has an app', 'a code is on its way'], (site) =>
    site.post('/mfa/factors/email_code/activate', { code: site.state.mailed }, 201),
  ),
  flow(
    'sign-in by a code by e-mail',
    ['has an app', 'has codes by e-mail', 'half signed in'],
    async (site) => {
      site.later(600);
      await site.post('/mfa/authenticate/email_code/challenge', {}, 200);
      await site.post('/mfa/authenticate', { code: await site.mailedCode() }, 200);
    },
  ),
  flow('new recovery codes', ['has an app'], (site) => site.post('/mfa/recovery-codes', undefined, 201)),
  flow('removal of one of two', ['has an app', 'has a key'], (site) =>
    site.send('DELETE', `/mfa/authenticators/${site.state.app.id}`, undefined, 204),
  ),
  flow('removal of the last', ['has an app'], (site) =>
    site.send('DELETE', `/mfa/authenticators/${site.state.app.id}`, undefined, 204),
  ),
  flow('another name', ['has an app'], (site) =>
    site.send('PATCH', `/mfa/authenticators/${site.state.app.id}`, { name: 'Phone' }, 200),
  ),
  flow('report of a loss', ['has an app', 'half signed in'], (site) =>
    site.post(`/mfa/authenticate/authenticators/${site.state.app.id}/suspend`, undefined, 200),
  ),
  flow('end of a suspension', ['has an app', 'reported as lost'], (site) =>
    site.post(`/mfa/authenticators/${site.state.app.id}/resume`, undefined, 200),
  ),
  flow('end of trust', ['has an app', 'trusted browser'], (site) =>
    site.send('DELETE', '/mfa/trusted-devices', undefined, 204),
  ),
  flow('end of other sessions', ['has an app', 'somewhere else too'], (site) =>
    site.send('DELETE', '/mfa/sessions', undefined, 204),
  ),
  flow('sign-out', ['has an app'], (site) => site.send('DELETE', '/mfa/session', undefined, 204)),
  flow('a wrong code', ['has an app', 'half signed in'], (site) =>
    site.post('/mfa/authenticate', { code: '000000' }, 400),
  ),
  flow(
    'the wrong code that locks',
    ['has an app', 'many wrong codes'],
    (site) => site.post('/mfa/authenticate', { code: '000000' }, [400, 403]),
    'the failure is counted before the lock that follows from it; the next one locks',
  ),
  flow('a proof that is spent', ['has an app'], (site) => site.post('/once', undefined, 200)),
  flow('a changed password', ['has an app', 'somewhere else too'], ({ app, state }) =>
    app.get(MfaService, { strict: false }).passwordChanged({ id: state.id }, { endSessions: true }),
  ),
  flow('a deleted account', ['has an app', 'has a key'], ({ app, state }) =>
    app.get(MfaService, { strict: false }).forgetUser(state.id),
  ),
  flow(
    'an administrator’s reset',
    ['has an app', 'has a key'],
    admin((service, id) => service.reset(id, REASON)),
  ),
  flow(
    'an administrator’s demand',
    ['signed in'],
    admin((service, id) => service.requireEnrollment(id, REASON)),
    'the row of the user is made first, and says nothing yet',
  ),
  flow(
    'an administrator’s unlock',
    ['has an app', 'many wrong codes'],
    admin((service, id) => service.unlock(id)),
  ),
  flow(
    'the end of all sessions',
    ['has an app'],
    admin((service) => service.endAllSessions(REASON)),
  ),
  flow(
    'another key of recovery codes',
    ['has an app'],
    admin((service) => service.replaceRecoveryCodeKey()),
  ),
  flow('an import', ['signed in'], ({ app, state }) =>
    app.get(MfaImportService, { strict: false }).importRecords([
      {
        userId: state.id,
        totp: { secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' },
        recoveryCodes: [{ code: 'ABCD-EFGH-2345' }],
      },
    ]),
  ),
];
