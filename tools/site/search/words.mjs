/** Words so common in questions that they don't help to find a page. */
export const FILLERS =
  'a an and after are as at before be by can do does for from has have how i if in is it me my no not of on or our should the their them then there they this to up use user users using want we what when where which who why with you your';

/**
 * What users call something, and what the pages call it: both are searched. The words of a name only count together;
 * commas separate alternative names.
 */
export const SYNONYMS = [
  ['lockout, account lockout, brute force, too many attempts', 'locked, rate limit'],
  ['lock out, account locked', 'unlocking, locked'],
  ['invalid code, wrong code, code rejected, code does not work', 'incorrect_code'],
  [
    'disable mfa, disable 2fa, reset mfa, reset 2fa, remove mfa, remove 2fa, turn off',
    'reset, nothing is left',
  ],
  ['password reset, reset password, forgot password, change password', 'passwordChanged, password changed'],
  ['session timeout, session lifetime, session expiry, idle timeout', 'session ttl, session idle'],
  ['everywhere, all devices, other devices', 'all sessions'],
  ['custom email, email template, mail template', 'sendNotification, notifications'],
  ['unblock, unban', 'unlocking'],
  ['2fa, mfa, two factor, two step, 2 step, second step', 'second factor'],
  ['otp, one time password, one time code', 'totp, codes'],
  ['google authenticator, authy, microsoft authenticator, authenticator', 'authenticator app, totp'],
  ['qr, qrcode, barcode', 'qr code, set-up'],
  ['yubikey, u2f, fido2, fido, hardware key, hardware token, usb key', 'security key'],
  ['face id, touch id, fingerprint, biometric, windows hello, passwordless', 'passkey'],
  ['backup code, backup codes, emergency code, scratch code', 'recovery code'],
  ['mandatory, mandate, force, compulsory, obligatory, require users', 'must, enforcement'],
  ['enroll, enrol, onboard', 'enroll, set-up'],
  ['downgrade, rollback, roll back, revert', 'rolling back, upgrades'],
  ['upgrade, update version', 'migrations, update'],
  ['multiple instances, horizontal scaling, scaling, load balancer, cluster, pods', 'replicas'],
  ['k8s, liveness, readiness', 'kubernetes, health'],
  ['impersonate, impersonation, act as, on behalf', 'impersonation, acts for a user'],
  [
    'mobile app, mobile, native app, react native, flutter, ios, android',
    'mobile apps, client without cookies',
  ],
  ['react, vue, angular, svelte, next js, nextjs, frontend', 'single-page application, browser client'],
  [
    'remember device, remember browser, remember me, trusted device, known browser, skip 2fa',
    'trusted browser',
  ],
  ['sso, auth0, keycloak, okta, azure ad, entra, cognito, oauth', 'openid connect, single sign-on'],
  ['saml', 'form_post, another site posts'],
  ['stolen phone, new phone, broken phone, lost device, lost authenticator', 'lost phone'],
  ['text message, twilio', 'sms'],
  ['email, mail', 'e-mail, mails'],
  ['log out, logout, sign out, signout, revoke session, kill session', 'sign-out, sessions end'],
  ['log in, login, signin, sign in', 'sign-in'],
  ['revoked, revoke, invalidate', 'revoked, end'],
  ['key rotation, rotate key, change secret, rotation', 'replacing the secret'],
  ['encryption at rest, encrypted, kms, vault', 'sealed, secrets, key service'],
  ['gdpr, dsgvo, right to be forgotten, erase', 'personal data, delete account'],
  ['audit log, logging, logs', 'audit trail, events'],
  ['webhook, callback', 'events'],
  ['translate, translation, i18n, german, localization', 'languages, locales'],
  ['theme, styling, css, branding, customize', 'stylesheet, pages'],
  ['schema, create table, ddl, database tables', 'tables, migrations'],
  [
    'sudo mode, reauthenticate, confirm password, re-enter password, password again',
    'recent, re-authentication',
  ],
  ['step up', 'step-up'],
  ['e2e, unit test, jest, cypress, playwright, mock', 'testing'],
  ['pentest, pen test, security test', 'attacks'],
  ['vulnerability, cve, disclosure', 'reporting a weakness'],
  ['compliance, audit requirements, soc2, nis2', 'asvs, nist, pci dss'],
  ['clock skew, time drift, wrong time', 'clock drift, tolerance'],
  ['speed, latency, slow, benchmark', 'performance'],
  ['cors, cross domain, subdomain', 'origins, another origin'],
  ['nginx, reverse proxy, cloudflare', 'proxy, origins'],
  ['deploy, deployment, launch, checklist', 'production, go live'],
  ['apollo', 'graphql'],
  ['socket io, websocket, rabbitmq, kafka, grpc', 'websockets, microservices'],
  ['mongodb, mongo, sequelize, knex, mikroorm', 'mongoose, other orms, datasource'],
  ['admin panel, admin, helpdesk, support staff', 'administration, support'],
];

/**
 * How much a page counts by the beginning of its path; the first match applies. Explanations rank before references,
 * and both before the proofs of individual requirements and the changelog.
 */
export const WEIGHTS = [
  ['changelog', 0.15],
  ['contributing', 0.4],
  ['architecture', 0.6],
  ['api/', 0.3],
  ['security/', 0.5],
  ['performance', 0.6],
  ['policy-answers', 0.2],
];
