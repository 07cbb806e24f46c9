// Runs in browsers only: tested in Chromium (test/browser/client.spec.ts), left out of Node's coverage.
import type { WebAuthnSignals } from './answers.js';
import type { MfaClientErrorDetails } from './mfa-client-error.js';

type Signals = Partial<
  Pick<
    typeof PublicKeyCredential,
    'signalAllAcceptedCredentials' | 'signalCurrentUserDetails' | 'signalUnknownCredential'
  >
>;

/** The browser's signal methods (WebAuthn Level 3, section 5.1.10), where it has them. */
const browserSignals = (): Signals => globalThis.PublicKeyCredential ?? {};

export const canSignal = (): boolean => browserSignals().signalAllAcceptedCredentials !== undefined;

/** Tells the browser which passkeys still work, and the user's current name. */
export async function signalAccount(signals: WebAuthnSignals): Promise<void> {
  await browserSignals().signalAllAcceptedCredentials?.(signals.allAcceptedCredentials);
  await browserSignals().signalCurrentUserDetails?.(signals.currentUserDetails);
}

/** Makes the browser forget a passkey that the server doesn't know. */
export async function signalUnknown(
  credential: NonNullable<MfaClientErrorDetails['unknownCredential']>,
): Promise<void> {
  await browserSignals().signalUnknownCredential?.(credential);
}
