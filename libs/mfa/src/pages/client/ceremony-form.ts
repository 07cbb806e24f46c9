import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/browser';

import { getCredentialByAutofill } from '../../browser/autofill.js';
import { createCall } from '../../browser/call.js';
import { createCredential, getCredential, isMfaClientError, supportsWebAuthn } from '../../browser/index.js';
import { apiPath } from './api.js';

type RequestOptions = PublicKeyCredentialRequestOptionsJSON;

const call = createCall({
  baseUrl: apiPath(),
  fetch: (input, init) => fetch(input, init),
  credentials: 'same-origin',
  headers: {},
  token: { value: null },
});

/** The needs of a route that a key can meet. */
const KEY_NEEDS = ['userVerified', 'deviceBound', 'attested'];

/** Gets the credential for each kind of form from the browser. */
const CEREMONIES: Record<string, (form: HTMLFormElement) => Promise<object>> = {
  create: async (form) => {
    const passwordless = new FormData(form).has('passwordless');
    const options = await call<PublicKeyCredentialCreationOptionsJSON>('POST', '/webauthn/options', {
      body: { passwordless },
    });
    return createCredential(options);
  },
  get: async (form) => {
    const needs = form.dataset['mfaNeeds']?.split(' ') ?? [];
    const body = Object.fromEntries(KEY_NEEDS.map((need) => [need, needs.includes(need)]));
    return getCredential(await call<RequestOptions>('POST', '/authenticate/webauthn/options', { body }));
  },
  passkey: async () => getCredential(await askForPasskey()),
  'sign-up': async (form) => {
    const { value } = form.elements.namedItem('name') as HTMLInputElement;
    const name = value.trim();
    const options = await call<PublicKeyCredentialCreationOptionsJSON>('POST', '/sign-up/options', {
      body: { name },
    });
    return createCredential(options);
  },
};

const askForPasskey = () => call<RequestOptions>('POST', '/passkey/options');

/** Runs the ceremony of each form before the form is sent, and sends its credential along. */
export function setUpCeremonies(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-mfa-ceremony]')) {
    const ceremony = form.dataset['mfaCeremony'] ?? '';
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void run(form, CEREMONIES[ceremony]);
    });
    if (ceremony === 'passkey') void offerPasskeys(form);
  }
}

async function run(form: HTMLFormElement, ceremony?: (form: HTMLFormElement) => Promise<object>) {
  const button = form.querySelector<HTMLButtonElement>('button[type=submit]');
  if (!ceremony || button?.ariaBusy) return;
  say(form, '');
  if (!supportsWebAuthn()) return say(form, form.dataset['unsupported']);
  button?.setAttribute('aria-busy', 'true');
  try {
    send(form, await ceremony(form));
  } catch (error) {
    explain(form, error);
    button?.removeAttribute('aria-busy');
  }
}

/** Offers passkeys in the field's suggestions (conditional mediation), until another ceremony begins. */
async function offerPasskeys(form: HTMLFormElement): Promise<void> {
  try {
    send(form, await getCredentialByAutofill(askForPasskey));
  } catch {
    // The user didn't ask for anything, so show no error; the button is still there.
  }
}

function send(form: HTMLFormElement, credential: object): void {
  const field = form.elements.namedItem('credential') as HTMLInputElement;
  field.value = JSON.stringify(credential);
  takeTrustAlong(form);
  form.submit();
}

/** Adds the trust checkbox to the form, if it is part of the form for the code. */
function takeTrustAlong(form: HTMLFormElement): void {
  const box = document.querySelector<HTMLInputElement>('input[name=trustDevice]:checked');
  if (!box || box.form === form) return;
  const field = Object.assign(document.createElement('input'), {
    type: 'hidden',
    name: box.name,
    value: box.value,
  });
  form.append(field);
}

function explain(form: HTMLFormElement, error: unknown): void {
  const { cancelled, unsupported, failed } = form.dataset;
  if (isMfaClientError(error)) {
    // The page was open for too long; reloading it leads to where the missing proof can be given.
    if (error.status === 401 || error.status === 403) return location.reload();
    if (error.code === 'ceremony_cancelled') return say(form, cancelled);
    if (error.code === 'not_supported') return say(form, unsupported);
    // These messages come from the server in the language of the page, or repeat the browser's own.
    if (error.status > 0) return say(form, error.message);
  }
  say(form, failed);
}

function say(form: HTMLFormElement, text = ''): void {
  const message = form.querySelector<HTMLElement>('[data-mfa-message]');
  if (!message) return;
  message.textContent = text;
  message.hidden = text === '';
}
