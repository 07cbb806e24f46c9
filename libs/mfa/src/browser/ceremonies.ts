// Runs in browsers only, so Chromium tests it (test/browser/client.spec.ts) and Node's coverage leaves it out.
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from '@simplewebauthn/browser';
import {
  WebAuthnAbortService,
  browserSupportsWebAuthnAutofill,
  startAuthentication,
  startRegistration,
} from '@simplewebauthn/browser';

import { toCeremonyError } from './ceremony-error.js';

let begun = 0;

/** How many ceremonies have begun. A browser runs one at a time: a new one ends the one before. */
export const ceremoniesBegun = (): number => begun;

/** Asks the browser for a new credential. @throws {MfaClientError} */
export function createCredential(
  optionsJSON: PublicKeyCredentialCreationOptionsJSON,
  signal?: AbortSignal,
): Promise<RegistrationResponseJSON> {
  return run(() => startRegistration({ optionsJSON }), signal);
}

/** Asks the browser for an assertion, in a dialogue or among the autofill suggestions. @throws {MfaClientError} */
export function getCredential(
  optionsJSON: PublicKeyCredentialRequestOptionsJSON,
  signal?: AbortSignal,
  useBrowserAutofill = false,
): Promise<AuthenticationResponseJSON> {
  return run(() => startAuthentication({ optionsJSON, useBrowserAutofill }), signal);
}

async function run<Credential>(
  ceremony: () => Promise<Credential>,
  signal?: AbortSignal,
): Promise<Credential> {
  const own = (begun += 1);
  const cancel = () => {
    if (begun === own) WebAuthnAbortService.cancelCeremony();
  };
  const stop = () => {
    cancel();
    // With autofill the ceremony only begins after this question; by then there is something to cancel.
    void browserSupportsWebAuthnAutofill().then(cancel);
  };
  try {
    signal?.throwIfAborted();
    signal?.addEventListener('abort', stop);
    return await ceremony();
  } catch (error) {
    throw toCeremonyError(error);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
