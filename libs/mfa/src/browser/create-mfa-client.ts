import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/browser';
import { browserSupportsWebAuthn } from '@simplewebauthn/browser';

import type { WebAuthnSignals } from './answers.js';
import { getCredentialByAutofill } from './autofill.js';
import { createCall } from './call.js';
import {
  canCreateSilently,
  canGetImmediately,
  createCredential,
  createSilently,
  getCredential,
  getImmediately,
} from './ceremonies.js';
import { notSupported } from './ceremony-error.js';
import type { MfaClient, MfaClientOptions } from './mfa-client.js';
import type { MfaClientError } from './mfa-client-error.js';
import type { SessionToken } from './session-header.js';
import { withSessionHeader } from './session-header.js';
import { canSignal, signalAccount, signalUnknown } from './signals.js';

/**
 * Creates a client for the HTTP API. Its only state is the token of the header transport, so one client per page is
 * enough.
 *
 * @typeParam CompleteLogin what the application's `completeLogin` adds to a completed sign-in
 */
export function createMfaClient<CompleteLogin extends object = object>({
  baseUrl = '/mfa',
  // Looked up on each request: instrumentation may replace it later.
  fetch: ownFetch = (input, init) => globalThis.fetch(input, init),
  headers = {},
  credentials = 'same-origin',
  sessionHeader,
}: MfaClientOptions = {}): MfaClient<CompleteLogin> {
  const token: SessionToken = { value: null };
  const fetch = sessionHeader ? withSessionHeader(ownFetch, sessionHeader, token, baseUrl) : ownFetch;
  const call = createCall({ baseUrl, fetch, credentials, headers, token });

  type CreationOptions = PublicKeyCredentialCreationOptionsJSON;
  type RequestOptions = PublicKeyCredentialRequestOptionsJSON;

  const passkeyOptions = (signal?: AbortSignal) =>
    call<RequestOptions>('POST', '/passkey/options', { signal });

  const webauthnSignals = () => call<WebAuthnSignals>('GET', '/webauthn/signals');

  async function syncPasskeys(): Promise<void> {
    if (!canSignal()) return;
    // A user without a key has no signals. The change itself is done, so a failed signal doesn't matter.
    await webauthnSignals()
      .then(signalAccount)
      .catch(() => undefined);
  }

  async function signIn<Answer>(credential: object): Promise<Answer> {
    try {
      return await call<Answer>('POST', '/passkey', { body: { credential } });
    } catch (error) {
      const { unknownCredential } = error as MfaClientError;
      if (unknownCredential) await signalUnknown(unknownCredential).catch(() => undefined);
      throw error;
    }
  }

  /** The token doesn't reveal which session is the client's own. */
  async function forgetEnded(): Promise<void> {
    const sent = token.value;
    if (sent === null) return;
    await call('GET', '/session').catch((error: MfaClientError) => {
      // A sign-in may have brought a new token meanwhile.
      if (error.code === 'session_expired' && token.value === sent) token.value = null;
    });
  }

  return {
    status: () => call('GET', '/status'),

    listAuthenticators: (type) =>
      call(
        'GET',
        type === undefined ? '/authenticators' : `/authenticators?type=${encodeURIComponent(type)}`,
      ),
    async renameAuthenticator(id, name) {
      const renamed = await call<never>('PATCH', authenticatorPath(id), { body: { name } });
      await syncPasskeys();
      return renamed;
    },
    async removeAuthenticator(id) {
      await call('DELETE', authenticatorPath(id));
      await syncPasskeys();
    },

    listReportable: () => call('GET', '/authenticate/authenticators'),
    suspendAuthenticator: (id) => call('POST', `/authenticate${authenticatorPath(id)}/suspend`),
    resumeAuthenticator: (id) => call('POST', `${authenticatorPath(id)}/resume`),

    beginTotp: (body) => call('POST', '/totp', { body }),
    activateTotp: (body) => call('POST', '/totp/activate', { body }),

    beginFactor: (type, body = {}) => call('POST', `/factors/${encodeURIComponent(type)}`, { body }),
    activateFactor: (type, body) => call('POST', `/factors/${encodeURIComponent(type)}/activate`, { body }),
    sendCode: (type, body = {}) =>
      call('POST', `/authenticate/${encodeURIComponent(type)}/challenge`, { body }),

    async addSecurityKey({ name, passwordless, role, endOtherSessions, signal } = {}) {
      requireWebAuthn();
      const options = await call<CreationOptions>('POST', '/webauthn/options', {
        body: { passwordless, role },
        signal,
      });
      const credential = await createCredential(options, signal);
      return call('POST', '/webauthn', { body: { credential, name, endOtherSessions } });
    },
    async upgradeToPasskey({ name, signal } = {}) {
      if (!(await canCreateSilently())) return null;
      const options = await call<CreationOptions>('POST', '/webauthn/options', {
        body: { automatic: true },
        signal,
      });
      const credential = await createSilently(options, signal);
      return credential && call('POST', '/webauthn', { body: { credential, name } });
    },
    webauthnSignals,
    syncPasskeys,

    recoveryCodes: () => call('GET', '/recovery-codes'),
    regenerateRecoveryCodes: (body) => call('POST', '/recovery-codes', { body }),

    authenticate: (body) => call('POST', '/authenticate', { body }),
    async authenticateWithKey({ trustDevice, needs, signal } = {}) {
      requireWebAuthn();
      const { userVerified, deviceBound, attested } = needs ?? {};
      const options = await call<RequestOptions>('POST', '/authenticate/webauthn/options', {
        body: { userVerified, deviceBound, attested },
        signal,
      });
      const credential = await getCredential(options, signal);
      return call('POST', '/authenticate/webauthn', { body: { credential, trustDevice } });
    },

    async signUpWithPasskey({ signal, fields, ...name }) {
      requireWebAuthn();
      const options = await call<CreationOptions>('POST', '/sign-up/options', { body: name, signal });
      const credential = await createCredential(options, signal);
      try {
        return await call('POST', '/sign-up', { body: { credential, fields, ...name } });
      } catch (error) {
        // Refused: the passkey belongs to no account, so the browser should stop offering it.
        if ((error as MfaClientError).code === 'webauthn_failed') {
          const unknown = { rpId: options.rp.id ?? location.hostname, credentialId: credential.id };
          await signalUnknown(unknown).catch(() => undefined);
        }
        throw error;
      }
    },
    async signInWithPasskey({ signal } = {}) {
      requireWebAuthn();
      return signIn(await getCredential(await passkeyOptions(signal), signal));
    },
    async signInWithPasskeyImmediately() {
      if (!(await canGetImmediately())) return null;
      const credential = await getImmediately(await passkeyOptions());
      return credential && signIn(credential);
    },
    async signInWithPasskeyAutofill({ signal } = {}) {
      return signIn(await getCredentialByAutofill(() => passkeyOptions(signal), signal));
    },

    listTrustedDevices: () => call('GET', '/trusted-devices'),
    revokeTrustedDevice: (id) => call('DELETE', `/trusted-devices/${encodeURIComponent(id)}`),
    revokeAllTrustedDevices: () => call('DELETE', '/trusted-devices'),

    listSessions: () => call('GET', '/sessions'),
    async endSessionOf(id) {
      await call('DELETE', `/sessions/${encodeURIComponent(id)}`);
      await forgetEnded();
    },
    endOtherSessions: () => call('DELETE', '/sessions'),

    session: () => call('GET', '/session'),
    async endSession() {
      await call('DELETE', '/session');
      token.value = null;
    },

    fetch,
    get sessionToken() {
      return token.value;
    },
    set sessionToken(value) {
      token.value = value;
    },
  };
}

const authenticatorPath = (id: string) => `/authenticators/${encodeURIComponent(id)}`;

function requireWebAuthn(): void {
  if (!browserSupportsWebAuthn()) throw notSupported();
}
