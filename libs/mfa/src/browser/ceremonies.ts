// Runs in browsers only: tested in Chromium (test/browser/client.spec.ts), left out of Node's coverage.
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

/** How many ceremonies have begun. A browser runs one at a time: a new one ends the previous one. */
export const ceremoniesBegun = (): number => begun;

/**
 * Asks the browser for a new credential.
 *
 * @throws {MfaClientError}
 */
export function createCredential(
  optionsJSON: PublicKeyCredentialCreationOptionsJSON,
  signal?: AbortSignal,
): Promise<RegistrationResponseJSON> {
  return run(() => startRegistration({ optionsJSON }), signal);
}

/**
 * Asks the browser for an assertion, in a dialog or among the autofill suggestions.
 *
 * @throws {MfaClientError}
 */
export function getCredential(
  optionsJSON: PublicKeyCredentialRequestOptionsJSON,
  signal?: AbortSignal,
  useBrowserAutofill = false,
): Promise<AuthenticationResponseJSON> {
  return run(() => startAuthentication({ optionsJSON, useBrowserAutofill }), signal);
}

/** Whether this browser creates passkeys without a prompt (WebAuthn Level 3, section 5.1.3, conditional mediation). */
export function canCreateSilently(): Promise<boolean> {
  return isCapableOf('conditionalCreate');
}

/**
 * Whether this browser offers the passkeys on the device right away, and nothing if there are none (WebAuthn Level 3,
 * UI mode `immediate`).
 */
export function canGetImmediately(): Promise<boolean> {
  return isCapableOf('immediateGet');
}

async function isCapableOf(capability: string): Promise<boolean> {
  try {
    const capabilities = await globalThis.PublicKeyCredential?.getClientCapabilities?.();
    return capabilities?.[capability] === true;
  } catch {
    return false;
  }
}

/**
 * Creates a passkey without a prompt; null if the browser didn't.
 *
 * @throws {MfaClientError} when aborted
 */
export async function createSilently(
  optionsJSON: PublicKeyCredentialCreationOptionsJSON,
  signal?: AbortSignal,
): Promise<RegistrationResponseJSON | null> {
  try {
    return await run(() => startRegistration({ optionsJSON, useAutoRegister: true }), signal);
  } catch (error) {
    if (signal?.aborted) throw error;
    // The user didn't ask for it, so a failure needs no report.
    return null;
  }
}

/**
 * Gets an assertion from a passkey on this device; null if there is none or the user declines, which browsers don't
 * distinguish. Takes no signal, since aborting would reveal whether a dialog was open.
 *
 * @throws {MfaClientError}
 */
export async function getImmediately(
  optionsJSON: PublicKeyCredentialRequestOptionsJSON,
): Promise<AuthenticationResponseJSON | null> {
  // One ceremony at a time: an autofill offer gives way.
  WebAuthnAbortService.cancelCeremony();
  begun += 1;
  try {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
      optionsJSON as unknown as PublicKeyCredentialRequestOptionsJson,
    );
    const options: ImmediateRequest = { publicKey, uiMode: 'immediate' };
    const credential = (await navigator.credentials.get(options)) as PublicKeyCredential | null;
    return credential && (credential.toJSON() as AuthenticationResponseJSON);
  } catch (error) {
    if ((error as Error).name === 'NotAllowedError') return null;
    throw toCeremonyError(error);
  }
}

/** The browser's own type for the same JSON. */
type PublicKeyCredentialRequestOptionsJson = Parameters<
  typeof PublicKeyCredential.parseRequestOptionsFromJSON
>[0];

/** Not in the DOM types yet. */
interface ImmediateRequest extends CredentialRequestOptions {
  uiMode: 'immediate';
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
    // With autofill, the ceremony starts only after this check; by then there is something to cancel.
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
