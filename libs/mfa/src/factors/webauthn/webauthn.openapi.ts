import type { RouteDescription } from '../../openapi/describe-route.js';
import { ActivationModel, SignInModel, SignUpModel } from '../../openapi/models.js';
import type { Schema } from '../../openapi/schema.js';
import { count, flag, list, model, object, text, schemaOf } from '../../openapi/schema.js';
import { AddWebAuthnDto } from './add-webauthn.dto.js';
import { AuthenticateWebAuthnDto } from './authenticate-webauthn.dto.js';
import { SignUpDto, SignUpOptionsDto } from './sign-up.dto.js';
import { PasskeyDto } from './passkey.dto.js';
import { WebAuthnNeedsDto } from './webauthn-needs.dto.js';
import { WebAuthnOptionsDto } from './webauthn-options.dto.js';

const VERIFICATION = text(undefined, { enum: ['required', 'preferred', 'discouraged'] });
const HINTS = list(text(undefined, { enum: ['security-key', 'client-device', 'hybrid'] }));
const EXTENSIONS: Schema = { type: 'object', additionalProperties: true };
const CREDENTIALS = list(
  object(
    { id: text('base64url'), type: text(undefined, { enum: ['public-key'] }) },
    { transports: list(text()) },
  ),
);

const CreationOptionsModel = model(
  'MfaWebAuthnCreationOptions',
  object(
    {
      rp: object({ id: text(), name: text() }),
      user: object({ id: text('base64url'), name: text(), displayName: text() }),
      challenge: text('base64url'),
      pubKeyCredParams: list(
        object({ alg: { type: 'integer' }, type: text(undefined, { enum: ['public-key'] }) }),
      ),
    },
    {
      timeout: count('In milliseconds.'),
      excludeCredentials: CREDENTIALS,
      authenticatorSelection: object(
        {},
        {
          authenticatorAttachment: text(),
          residentKey: VERIFICATION,
          requireResidentKey: flag(),
          userVerification: VERIFICATION,
        },
      ),
      attestation: text(undefined, { enum: ['none', 'indirect', 'direct', 'enterprise'] }),
      hints: HINTS,
      extensions: EXTENSIONS,
    },
    {
      description:
        'PublicKeyCredentialCreationOptionsJSON (WebAuthn Level 3, section 5.1.8), for `parseCreationOptionsFromJSON()`.',
    },
  ),
);

const RequestOptionsModel = model(
  'MfaWebAuthnRequestOptions',
  object(
    { challenge: text('base64url') },
    {
      rpId: text(),
      timeout: count('In milliseconds.'),
      allowCredentials: CREDENTIALS,
      userVerification: VERIFICATION,
      hints: HINTS,
      extensions: EXTENSIONS,
    },
    {
      description:
        'PublicKeyCredentialRequestOptionsJSON (WebAuthn Level 3, section 5.1.9), for `parseRequestOptionsFromJSON()`.',
    },
  ),
);

const SignalsModel = model(
  'MfaWebAuthnSignals',
  object(
    {
      allAcceptedCredentials: object({
        rpId: text(),
        userId: text('base64url'),
        allAcceptedCredentialIds: list(text('base64url')),
      }),
      currentUserDetails: object({
        rpId: text(),
        userId: text('base64url'),
        name: text(),
        displayName: text(),
      }),
    },
    {},
    {
      description:
        'Arguments of the signal methods of `PublicKeyCredential` (WebAuthn Level 3, section 5.1.10).',
    },
  ),
);

const ATTEMPT = ['webauthn_failed', 'too_many_attempts', 'authenticator_locked'] as const;
const SIGNED_IN = {
  status: 200,
  description: 'The second factor is proven.',
  model: SignInModel,
  givesToken: true,
} as const;

export const WEBAUTHN_ROUTES = {
  signals: {
    operationId: 'mfaGetWebAuthnSignals',
    summary: 'Get what the browser should know about the user’s keys',
    answer: { status: 200, description: 'Arguments for the browser’s signal methods.', model: SignalsModel },
    errors: ['not_found'],
  },
  creationOptions: {
    operationId: 'mfaGetWebAuthnCreationOptions',
    summary: 'Begin to register a key or passkey',
    body: { schema: schemaOf(WebAuthnOptionsDto), required: false },
    answer: {
      status: 200,
      description: 'Options for `navigator.credentials.create()`.',
      model: CreationOptionsModel,
    },
    errors: ['already_enabled', 'not_found', 'unverified_email'],
  },
  register: {
    operationId: 'mfaRegisterWebAuthn',
    summary: 'Register a key or passkey',
    body: AddWebAuthnDto,
    answer: { status: 201, description: 'The key is registered.', model: ActivationModel, givesToken: true },
    errors: [
      'webauthn_failed',
      'too_many_attempts',
      'credential_already_registered',
      'already_enabled',
      'not_found',
      'unverified_email',
    ],
  },
  requestOptions: {
    operationId: 'mfaGetWebAuthnRequestOptions',
    summary: 'Begin to prove a key or passkey',
    body: { schema: schemaOf(WebAuthnNeedsDto), required: false },
    answer: {
      status: 200,
      description: 'Options for `navigator.credentials.get()`.',
      model: RequestOptionsModel,
    },
    errors: ['mfa_enrollment_required', 'not_found'],
  },
  authenticate: {
    operationId: 'mfaAuthenticateWebAuthn',
    summary: 'Prove a key or passkey, to finish a sign-in or to step up',
    body: AuthenticateWebAuthnDto,
    answer: SIGNED_IN,
    errors: [...ATTEMPT, 'mfa_enrollment_required', 'not_found'],
  },
  signUpOptions: {
    operationId: 'mfaGetSignUpOptions',
    summary: 'Begin a sign-up with a passkey',
    description:
      'Only with the option `passkeySignUp`. The response doesn’t reveal whether the name is taken.',
    body: SignUpOptionsDto,
    answer: {
      status: 200,
      description: 'Options for `navigator.credentials.create()`.',
      model: CreationOptionsModel,
    },
    errors: ['not_found'],
  },
  signUp: {
    operationId: 'mfaSignUp',
    summary: 'Create an account with a passkey',
    description: 'Only with the option `passkeySignUp`.',
    body: SignUpDto,
    answer: {
      status: 201,
      description: 'The account was created, and the user is signed in.',
      model: SignUpModel,
      givesToken: true,
    },
    errors: ['webauthn_failed', 'credential_already_registered', 'not_found'],
  },
  passkeyOptions: {
    operationId: 'mfaGetPasskeyOptions',
    summary: 'Begin to sign in with a passkey alone',
    description: 'Only with the option `passkeyLogin`.',
    answer: {
      status: 200,
      description: 'Options for `navigator.credentials.get()`, the same for everybody.',
      model: RequestOptionsModel,
    },
    errors: ['not_found'],
  },
  signIn: {
    operationId: 'mfaSignInWithPasskey',
    summary: 'Sign in with a passkey alone',
    description: 'Only with the option `passkeyLogin`.',
    body: PasskeyDto,
    answer: { ...SIGNED_IN, description: 'The user is signed in.' },
    errors: [...ATTEMPT, 'not_found', 'session_expired'],
  },
} as const satisfies Record<string, RouteDescription>;
