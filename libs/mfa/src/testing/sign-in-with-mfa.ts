import type { Type } from '@nestjs/common';

import { MfaService } from '../account/mfa.service.js';
import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { MfaClock } from '../core/clock/clock.js';
import { MFA_CLOCK } from '../core/clock/clock.js';
import { isSecondFactorType, methodOfType, firstFactorRecord } from '../core/policy/methods.js';
import type { AuthenticationRecord } from '../core/policy/methods.js';
import type { MfaUser } from '../core/users/mfa-user.js';
import { findExactUser, userIdOf } from '../core/users/mfa-user.js';
import type { MfaAddedFactor } from '../engine/changes/add-authenticator.flow.js';
import type { MfaIssuedSession } from '../engine/rows/issued-session.js';
import { AuthenticationSessionService } from '../engine/sessions/authentication-session.service.js';
import type { MfaHttpExchange } from '../engine/sessions/session-transport.js';
import { SessionAnswers } from '../engine/sessions/session-transport.js';
import { MfaRequest } from '../engine/rows/mfa-request.js';
import { TotpService } from '../factors/totp/totp.service.js';
import { WebAuthnService } from '../factors/webauthn/webauthn.service.js';
import type { ResolvedMfaOptions } from '../options/resolved-options.js';
import { MFA_OPTIONS } from '../options/resolved-options.js';
import { assertNotProduction } from './only-for-tests.js';
import { SoftwareSecurityKey } from './software-security-key.js';
import { totpCode } from './totp-code.js';

/** An application, or a testing module. */
export interface MfaTestApplication {
  get<T>(token: symbol | Type<T>, options?: { strict: boolean }): T;
}

export interface SignInWithMfaOptions {
  /** The factor to prove. It is set up if the user has none of that type. Default: `totp`. */
  factor?: 'totp' | 'webauthn';
  /** The key to register, for `webauthn`. Default: a new one. */
  key?: SoftwareSecurityKey;
  /**
   * A sign-in request and its response, from a route that only the test has. The token is delivered as after a real
   * sign-in, and the adapter's `completeLogin()` is called. Required with the option `session.transport`, since only
   * that transport knows where it reads the token.
   */
  exchange?: MfaHttpExchange;
}

/** A session with a proven second factor. */
export interface MfaSignIn {
  token: string;
  /**
   * Carries the session the way non-browser clients do, so no `Origin` is checked. Empty with the option
   * `session.transport`.
   */
  headers: Record<string, string>;
  /**
   * The same as a value of the `Cookie` header; null if the option `session.cookie` is false, or with
   * `session.transport`.
   */
  cookie: string | null;
  /** The base32 secret of the authenticator app, if one was set up. Its current code has been used. */
  secret?: string;
  /** The key, if one was registered. */
  key?: SoftwareSecurityKey;
  /** Only with the user's first second factor. */
  recoveryCodes?: string[];
}

interface Proven {
  added: MfaAddedFactor;
  secret?: string;
  key?: SoftwareSecurityKey;
}

/**
 * Signs a user in without a request. The first factor counts as proven; the second factor is really set up, or counts
 * as proven if the user already has one. Send the headers with each request:
 * `await request(app.getHttpServer()).get('/reports').set(headers)`.
 *
 * @param user a user that the adapter's `findUser()` finds
 * @throws {MfaException} any error of setting up the factor, such as `unverified_email`
 * @throws {Error} when `findUser()` doesn't find the user, when the application has a `session.transport` but there is
 * no `exchange`, or when `NODE_ENV` is `production`
 */
export async function signInWithMfa(
  app: MfaTestApplication,
  user: MfaUser,
  { factor = 'totp', key, exchange }: SignInWithMfaOptions = {},
): Promise<MfaSignIn> {
  assertNotProduction('signInWithMfa()');
  await assertIsFound(app, user);
  if (!exchange) assertIsCarried(app);
  const owned = await find(app, MfaService).getUserAuthenticators(user);
  const at = find<MfaClock>(app, MFA_CLOCK).now();
  const known = owned
    .filter(({ type }) => isSecondFactorType(type))
    .map(({ id, type }): AuthenticationRecord => ({ method: methodOfType(type), at, authenticatorId: id }));
  const begun = await find(app, AuthenticationSessionService).create(user, {
    status: 'authenticated',
    methods: [firstFactorRecord('pwd', at), ...known],
  });
  if (owned.some(({ type }) => type === factor)) return handOut(app, user, begun, exchange);
  const request = { method: 'POST', headers: {}, user };
  const context = new MfaRequest(request, { user, session: begun.session });
  const { added, ...made } =
    factor === 'totp'
      ? await setUpApp(app, user, context)
      : await setUpKey(app, user, context, key ?? newKey(app));
  const { issued = begun, recoveryCodes } = added;
  return {
    ...(await handOut(app, user, issued, exchange)),
    ...made,
    ...(recoveryCodes ? { recoveryCodes } : {}),
  };
}

/** Routes ignore the session of an unknown user: the test would only see refusals. */
async function assertIsFound(app: MfaTestApplication, user: MfaUser): Promise<void> {
  const id = userIdOf(user);
  if (await findExactUser(find<DefaultMfaAdapter>(app, MFA_ADAPTER), id)) return;
  throw new Error(
    `signInWithMfa(): \`findUser('${id}')\` of your adapter finds nobody with that id, so every request of the session would be refused. Create the user first, in the database that the test uses`,
  );
}

function assertIsCarried(app: MfaTestApplication): void {
  if (!find<ResolvedMfaOptions>(app, MFA_OPTIONS).session.transport) return;
  throw new Error(
    'signInWithMfa(): the session’s token is where your `session.transport` keeps it, so there are no headers for it. Call this from a route that only the test has, with `exchange: { request, response }` (docs/testing.md)',
  );
}

async function setUpApp(app: MfaTestApplication, user: MfaUser, context: MfaRequest): Promise<Proven> {
  const totp = find(app, TotpService);
  const { secret } = await totp.begin(user, context);
  const parameters = find<ResolvedMfaOptions>(app, MFA_OPTIONS).totp;
  const code = totpCode(secret, find<MfaClock>(app, MFA_CLOCK), parameters);
  return { added: await totp.activate(user, { code }, context), secret };
}

async function setUpKey(
  app: MfaTestApplication,
  user: MfaUser,
  context: MfaRequest,
  key: SoftwareSecurityKey,
): Promise<Proven> {
  const webauthn = find(app, WebAuthnService);
  const { session } = context;
  const options = await webauthn.getCredentialCreationOptions(user, { session });
  return { added: await webauthn.verifyRegistration(user, key.create(options), { context }), key };
}

/** A key for the first web origin of the options. */
function newKey(app: MfaTestApplication): SoftwareSecurityKey {
  const { webauthn } = find<ResolvedMfaOptions>(app, MFA_OPTIONS);
  const origin = webauthn?.origins.find((one) => /^https?:/.test(one));
  return new SoftwareSecurityKey(origin === undefined ? {} : { origin });
}

async function handOut(
  app: MfaTestApplication,
  user: MfaUser,
  issued: MfaIssuedSession,
  exchange: MfaHttpExchange | undefined,
): Promise<MfaSignIn> {
  if (exchange) await find(app, SessionAnswers).complete(user, issued, exchange);
  const { token } = issued;
  const { cookie, header, transport } = find<ResolvedMfaOptions>(app, MFA_OPTIONS).session;
  if (transport) return { token, headers: {}, cookie: null };
  return {
    token,
    headers: { [header]: token },
    cookie: cookie === false ? null : `${cookie.name}=${token}`,
  };
}

/** Finds a provider anywhere in the application, also with `isGlobal: false`. */
const find = <T>(app: MfaTestApplication, token: symbol | Type<T>): T => app.get<T>(token, { strict: false });
