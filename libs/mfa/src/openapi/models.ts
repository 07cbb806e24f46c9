import { MFA_ERRORS } from '../core/errors/error-codes.js';
import { BUILT_IN_TYPES } from '../core/policy/methods.js';
import { count, flag, list, model, moment, object, ref, text, NULLABLE } from './schema.js';

// Responses that several routes share, and fields of requests. `browser/answers.ts` has the same as types.

const CODES = Object.keys(MFA_ERRORS);
const REASONS = [
  'backup_eligibility_changed',
  'key_cloned',
  'key_can_be_synced',
  'other_factor_needed',
  'factor_suspended',
];

/** A factor type. Not an enum, since applications can add their own. */
export const FACTOR_TYPE = text(
  `A factor type: ${BUILT_IN_TYPES.map((type) => `\`${type}\``).join(', ')}, or one of the option \`factors\`.`,
  {
    pattern: '^[a-z0-9_]{1,20}$',
    example: BUILT_IN_TYPES[0],
  },
);

/** A user-given name of an authenticator. */
export const NAME = text('How the user calls it.', { minLength: 1, maxLength: 100, example: 'My phone' });

/** What a user types. */
export const CODE = text('As it was typed: digits of any script, with spaces and dashes anywhere.', {
  maxLength: 64,
  example: '123 456',
});

export const TRUST_DEVICE = flag(
  'Whether this browser may skip the second factor for a while; without effect unless the application allows it.',
);

export const ErrorModel = model(
  'MfaError',
  object(
    {
      statusCode: { type: 'integer' },
      error: text('The reason phrase of the status.'),
      message: {
        description:
          'A text for the user; with `invalid_request` a list of what is wrong, where that is known.',
        oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
      },
      code: text('What programs look at.', { enum: CODES }),
    },
    {
      methods: list(FACTOR_TYPE, 'The factor types that would do.'),
      needs: object(
        {},
        {
          userVerified: flag('The authenticator has to check a PIN or biometrics.'),
          deviceBound: flag('A key that can’t leave its device.'),
          attested: flag('A key whose maker was attested.'),
          allOf: list(FACTOR_TYPE, 'Each of these, fresh.'),
          once: flag('A new proof, which the request spends.'),
        },
        { description: 'What the proof has to show besides.' },
      ),
      acr: text('The level that is asked for by name.'),
      maxAge: { type: 'number', description: 'Greatest age of the proof that is asked for, in seconds.' },
      reauthenticateUrl: text('Where the first factor is proven again.'),
      unknownCredential: object(
        { rpId: text(), credentialId: text() },
        {},
        {
          description:
            'A passkey that is not known here, as `PublicKeyCredential.signalUnknownCredential()` takes it.',
        },
      ),
      reason: text('What lies behind the code, where the user can do something about it.', { enum: REASONS }),
      unlock: object(
        {
          codesLeft: count('Right codes in a row that are still needed.'),
          nextCodeAt: moment('From when the next one counts.'),
        },
        {},
        { description: 'How a locked authenticator opens, where right codes do it.' },
      ),
      retryAfter: count('Seconds until another attempt is accepted.'),
    },
    { description: 'A refusal. The code never changes its meaning; the text may.' },
  ),
);

export const ProvenMethodModel = model(
  'MfaProvenMethod',
  object(
    {
      method: text(
        'What was proven: `pwd` or another first factor, `totp`, `webauthn`, `recovery_code`, `trusted_device`, `external`, or the type of a further factor.',
      ),
      at: moment(),
    },
    {
      userVerified: flag('Keys only: whether it checked a PIN or biometrics.'),
      backedUp: flag('Keys only: whether it was synced.'),
      attested: flag('Keys only: whether its maker was attested.'),
    },
    { description: 'One proof that a session holds, with what is known of it.' },
  ),
);

/** What a response says about the session it belongs to. */
export const SESSION_FIELDS = {
  proven: list(ref(ProvenMethodModel)),
  expiresAt: moment('When the session ends.'),
};
export const SESSION_TOKEN = text(
  'The new token; only for clients that send it in the session header. The former one is dead.',
);

export const SignInModel = model(
  'MfaSignIn',
  object(
    {
      status: text(undefined, { enum: ['authenticated', 'mfa_required', 'enrollment_required'] }),
      ...SESSION_FIELDS,
    },
    {
      sessionToken: SESSION_TOKEN,
      methods: list(
        FACTOR_TYPE,
        'The factor types that would finish (or, for `enrollment_required`, begin) it.',
      ),
      enrollmentDeadline: moment('Until when a user who must enroll may work without a second factor.'),
      remainingRecoveryCodes: count('After a recovery code: how many are left.'),
    },
    {
      description: 'How far a sign-in has come; beside it is what the application’s `completeLogin` gives.',
      additionalProperties: true,
    },
  ),
);

const AUTHENTICATOR_FIELDS = {
  id: text(),
  type: FACTOR_TYPE,
  name: text(),
  createdAt: moment(),
  lastUsedAt: moment(undefined, NULLABLE),
  locked: flag('Whether failed attempts, or a copy of it, have disabled it, or it is suspended.'),
  suspended: flag('Whether it is suspended, as one that was lost.'),
};
const REMAINING = { remaining: count('Recovery codes only: how many are left.') };

export const AuthenticatorModel = model(
  'MfaAuthenticator',
  object(AUTHENTICATOR_FIELDS, REMAINING, { description: 'One enrolled factor of the user.' }),
);

export const ListedAuthenticatorModel = model(
  'MfaListedAuthenticator',
  object(
    AUTHENTICATOR_FIELDS,
    {
      ...REMAINING,
      provider: text('Keys only: who made it, when that is known.'),
      passwordless: flag('Keys only: whether it signs in without a password.'),
      role: text('Keys only: what it is for.', { enum: ['second_factor', 'passwordless', 'both'] }),
      backedUp: flag('Keys only: whether it is synced now.'),
      transports: list({ type: 'string' }, 'Keys only.'),
      destination: text('Codes that are sent only: the address or number, masked.'),
    },
    {
      description:
        'One enrolled factor of the user, with what its type tells; factors of the application’s own may tell more.',
      additionalProperties: true,
    },
  ),
);

export const ReportedAuthenticatorModel = model(
  'MfaReportedAuthenticator',
  object(
    { id: text(), type: FACTOR_TYPE, name: text(), suspended: flag('Whether it is suspended.') },
    {},
    { description: 'A factor that can be reported as lost.' },
  ),
);

export const ActivationModel = model(
  'MfaActivation',
  object(
    { authenticator: ref(AuthenticatorModel) },
    {
      recoveryCodes: list({ type: 'string' }, 'Only with the first second factor; shown this once.'),
      ...SESSION_FIELDS,
      sessionToken: SESSION_TOKEN,
      status: text('Only where the user had to enroll before anything else: the sign-in is complete now.', {
        enum: ['authenticated'],
      }),
    },
    {
      description:
        'The answer to a new second factor. For a user who had to enroll it carries what the application’s `completeLogin` gives.',
      additionalProperties: true,
    },
  ),
);

export const SignUpModel = model(
  'MfaSignUp',
  object(
    {
      status: text(undefined, { enum: ['authenticated'] }),
      authenticator: ref(AuthenticatorModel),
      ...SESSION_FIELDS,
    },
    {
      sessionToken: SESSION_TOKEN,
      recoveryCodes: list({ type: 'string' }, 'Shown this once.'),
    },
    {
      description: 'The answer to a sign-up; beside it is what the application’s `completeLogin` gives.',
      additionalProperties: true,
    },
  ),
);

export const StatusModel = model(
  'MfaStatus',
  object(
    {
      enabled: flag('Whether the user has a second factor.'),
      required: flag('Whether the user must have one.'),
      enrollmentDeadline: moment('Until when someone who must enroll may work without.', NULLABLE),
      verified: flag('Whether a second factor was proven in this session recently enough.'),
      verifiedAt: moment('When one was last proven in this session.', NULLABLE),
      methods: list(FACTOR_TYPE, 'The factor types that the user can use now.'),
      recoveryCodes: object({ total: count(), remaining: count() }),
    },
    {},
    { description: 'How a user stands with regard to second factors.' },
  ),
);

export const SessionStateModel = model(
  'MfaSessionState',
  object(
    {
      status: text(undefined, { enum: ['authenticated', 'mfa_required', 'enrollment_required'] }),
      methods: list(
        FACTOR_TYPE,
        'The factor types that the user can use now; for `enrollment_required` those that would begin it.',
      ),
      ...SESSION_FIELDS,
    },
    {},
    { description: 'How far the sign-in of the client’s session has come.' },
  ),
);

export const SignedInSessionModel = model(
  'MfaSignedInSession',
  object(
    {
      id: text('It opens nothing: the token is known to the client alone.'),
      createdAt: moment(),
      lastSeenAt: moment(),
      expiresAt: moment(),
      proven: list(ref(ProvenMethodModel)),
      userAgent: text('Of the sign-in.', NULLABLE),
      ip: text('Of the sign-in.', NULLABLE),
      current: flag('Whether it is that of this request.'),
    },
    {},
    { description: 'Where the user is signed in.' },
  ),
);

/** Whether a change ends the user's other sessions. */
export const END_OTHER_SESSIONS = flag('Whether the user’s other sessions end.');

export const TrustedDeviceModel = model(
  'MfaTrustedDevice',
  object(
    {
      id: text(),
      userAgent: text(undefined, NULLABLE),
      ip: text(undefined, NULLABLE),
      createdAt: moment(),
      lastUsedAt: moment(undefined, NULLABLE),
      expiresAt: moment(),
      current: flag('Whether it is this browser.'),
    },
    {},
    { description: 'A browser that skips the second factor at sign-in.' },
  ),
);

/** Schemas that others refer to; they are added with each operation. */
export const SHARED_MODELS = [ErrorModel, ProvenMethodModel, AuthenticatorModel];

export const ID_PARAMETER = {
  name: 'id',
  in: 'path',
  description: 'An id as the list has it.',
  schema: { type: 'string', pattern: '^[A-Za-z0-9-]{1,64}$' },
} as const;
