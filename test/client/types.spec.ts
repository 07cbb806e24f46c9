import { describe, expect, it } from '@jest/globals';
import type { PublicKeyCredentialCreationOptionsJSON as Created } from '@simplewebauthn/browser';
import type { PublicKeyCredentialCreationOptionsJSON as Asked } from '@simplewebauthn/server';
import type {
  MfaActivationAnswer,
  MfaReportedAuthenticator,
  AuthenticatorView,
  MfaLoginStatus,
  MfaErrorCode as ServerCode,
  MfaErrorDetails,
  MfaStatus as ServerStatus,
  RecoveryCodesSummary as ServerSummary,
  MfaSessionAnswer,
  MfaSessionState as ServerSession,
  MfaSignedInSession as ServerSignedIn,
  TotpSetupDetails,
  TrustedDeviceView,
  WebAuthnSignals as ServerSignals,
  WebAuthnView,
} from 'nestjs-mfa';
import { MFA_ERRORS } from 'nestjs-mfa';
import type {
  Activation,
  Authenticator,
  ListedAuthenticator,
  MfaClientError,
  MfaClientErrorCode,
  MfaClientOnlyCode,
  MfaStatus,
  RecoveryCodesSummary,
  ReportedAuthenticator,
  MfaSessionState,
  SignIn,
  MfaSignedInSession,
  TotpSetup,
  TrustedDevice,
  WebAuthnSignals,
} from 'nestjs-mfa/browser';

/** A type as it is after JSON. */
type Json<T> = T extends Date ? string : T extends object ? { [Key in keyof T]: Json<T[Key]> } : T;
type Flat<T> = { [Key in keyof T]: T[Key] };
type Same<A, B> =
  (<T>() => T extends Flat<A> ? 1 : 2) extends <T>() => T extends Flat<B> ? 1 : 2 ? true : false;

/** Compiles only while the client's types say what the server's do. */
const same = {
  status: true satisfies Same<MfaStatus, Json<ServerStatus>>,
  authenticator: true satisfies Same<Authenticator, Json<AuthenticatorView>>,
  listed: true satisfies Same<ListedAuthenticator, Json<AuthenticatorView> & Partial<WebAuthnView>>,
  reported: true satisfies Same<ReportedAuthenticator, Json<MfaReportedAuthenticator>>,
  totp: true satisfies Same<TotpSetup, Json<TotpSetupDetails>>,
  activation: true satisfies Same<Activation, Json<MfaActivationAnswer>>,
  signIn: true satisfies Same<
    Omit<SignIn, 'status' | 'methods' | 'enrollmentDeadline' | 'remainingRecoveryCodes'>,
    Json<MfaSessionAnswer>
  >,
  signInStatus: true satisfies Same<{ of: SignIn['status'] }, { of: MfaLoginStatus }>,
  session: true satisfies Same<MfaSessionState, Json<ServerSession>>,
  recoveryCodes: true satisfies Same<RecoveryCodesSummary, Json<ServerSummary>>,
  trustedDevice: true satisfies Same<TrustedDevice, Json<TrustedDeviceView>>,
  signedIn: true satisfies Same<MfaSignedInSession, Json<ServerSignedIn>>,
  signals: true satisfies Same<WebAuthnSignals, Json<ServerSignals>>,
  codes: true satisfies Same<{ of: Exclude<MfaClientErrorCode, MfaClientOnlyCode> }, { of: ServerCode }>,
  unlock: true satisfies Same<{ of?: MfaClientError['unlock'] }, { of?: Json<MfaErrorDetails>['unlock'] }>,
  details: true satisfies Exclude<keyof MfaErrorDetails, 'message'> extends keyof MfaClientError
    ? true
    : false,
  creationOptions: true satisfies Asked extends Created ? true : false,
};

describe('the types of the browser client', () => {
  it('are those of the server, after JSON', () => {
    expect(Object.values(same)).not.toContain(false);
  });

  it('know every code of the server, and none of its own is one of them', () => {
    const own: Record<MfaClientOnlyCode, true> = {
      ceremony_cancelled: true,
      already_registered: true,
      not_supported: true,
      ceremony_failed: true,
      network: true,
      unexpected_answer: true,
    };
    for (const code of Object.keys(MFA_ERRORS)) expect(own).not.toHaveProperty(code);
  });
});
