// Runs in browsers only: tested in Chromium (test/browser/client.spec.ts), left out of Node's coverage.
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/browser';
import { browserSupportsWebAuthnAutofill } from '@simplewebauthn/browser';

import { ceremoniesBegun, getCredential } from './ceremonies.js';
import { notSupported, toCeremonyError } from './ceremony-error.js';
import { isMfaClientError } from './mfa-client-error.js';

/** The fraction of a challenge's lifetime after which it is replaced, so that it hasn't expired when it is used. */
const RENEW_AFTER = 0.8;
const DEFAULT_TIMEOUT_MS = 300_000;

/**
 * Offers passkeys among the autofill suggestions until the user picks one, however long the page stays open: the
 * challenge is renewed before it expires. Gives way to any other ceremony.
 *
 * @throws {MfaClientError} `ceremony_cancelled` when aborted or superseded, `not_supported`
 */
export async function getCredentialByAutofill(
  askForOptions: () => Promise<PublicKeyCredentialRequestOptionsJSON>,
  signal?: AbortSignal,
): Promise<AuthenticationResponseJSON> {
  if (!(await browserSupportsWebAuthnAutofill())) throw notSupported();
  for (let own = ceremoniesBegun(); ; own += 1) {
    const options = await askForOptions();
    // The user has pressed a button meanwhile: a background offer must not close that dialog.
    if (ceremoniesBegun() !== own) throw toCeremonyError(new DOMException('Overtaken', 'AbortError'));
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    signal?.addEventListener('abort', stop);
    let isStale = false;
    const renewal = setTimeout(
      () => {
        isStale = true;
        stop();
      },
      (options.timeout ?? DEFAULT_TIMEOUT_MS) * RENEW_AFTER,
    );
    try {
      return await getCredential(options, attempt.signal, true);
    } catch (error) {
      if (!isStale || signal?.aborted || !isMfaClientError(error, 'ceremony_cancelled')) throw error;
    } finally {
      clearTimeout(renewal);
      signal?.removeEventListener('abort', stop);
    }
  }
}
