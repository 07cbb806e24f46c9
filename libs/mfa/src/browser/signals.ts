// Runs in browsers only, so Chromium tests it (test/browser/client.spec.ts) and Node's coverage leaves it out.
import type { WebAuthnSignals } from './answers.js';
import type { MfaClientErrorDetails } from './mfa-client-error.js';

type Signals = Partial<
  Pick<
    typeof PublicKeyCredential,
    'signalAllAcceptedCredentials' | 'signalCurrentUserDetails' | 'signalUnknownCredential'
  >
>;

/** The browser's signal methods (WebAuthn Level 3, section 5.1.10), as far as it has them. */
const browserSignals = (): Signals => globalThis.PublicKeyCredential ?? {};

export const canSignal = (): boolean => browserSignals().signalAllAcceptedCredentials !== undefined;

/** Tells the browser which passkeys still work, and how the user is called now. */
export async function signalAccount(signals: WebAuthnSignals): Promise<void> {
  await browserSignals().signalAllAcceptedCredentials?.(signals.allAcceptedCredentials);
  await browserSignals().signalCurrentUserDetails?.(signals.currentUserDetails);
}

/** Makes the browser forget a passkey that the server does not know. */
export async function signalUnknown(
  credential: NonNullable<MfaClientErrorDetails['unknownCredential']>,
): Promise<void> {
  await browserSignals().signalUnknownCredential?.(credential);
}
