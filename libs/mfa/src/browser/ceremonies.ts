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

/** Whether this browser makes passkeys without asking (WebAuthn Level 3, section 5.1.3, conditional mediation). */
export async function canCreateSilently(): Promise<boolean> {
  try {
    const capabilities = await globalThis.PublicKeyCredential?.getClientCapabilities?.();
    return capabilities?.['conditionalCreate'] === true;
  } catch {
    return false;
  }
}

/** The passkey that the browser made without asking; null where it did not. @throws {MfaClientError} when aborted */
export async function createSilently(
  optionsJSON: PublicKeyCredentialCreationOptionsJSON,
  signal?: AbortSignal,
): Promise<RegistrationResponseJSON | null> {
  try {
    return await run(() => startRegistration({ optionsJSON, useAutoRegister: true }), signal);
  } catch (error) {
    if (signal?.aborted) throw error;
    // Nobody asked for it, so that nobody misses it.
    return null;
  }
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
