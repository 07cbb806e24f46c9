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
export const NAME = text('The name that the user gives it.', {
  minLength: 1,
  maxLength: 100,
  example: 'My phone',
});

/** What a user types. */
export const CODE = text('The code as typed: digits of any script, with spaces and dashes anywhere.', {
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
        description: 'A text for the user; with `invalid_request`, a list of what is wrong, if known.',
        oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
      },
      code: text('The error code, for programs.', { enum: CODES }),
    },
    {
      methods: list(FACTOR_TYPE, 'The factor types that would be accepted.'),
      needs: object(
        {},
        {
          userVerified: flag('The authenticator has to check a PIN or biometrics.'),
          deviceBound: flag('A key that can’t leave its device.'),
          attested: flag('A key whose maker was attested.'),
          allOf: list(FACTOR_TYPE, 'Each of these types has to be proven recently.'),
          once: flag('A new proof, which the request spends.'),
        },
        { description: 'What else the proof has to show.' },
      ),
      acr: text('The name of the required level.'),
      maxAge: { type: 'number', description: 'The maximum age of the required proof, in seconds.' },
      reauthenticateUrl: text('Where to prove the first factor again.'),
      unknownCredential: object(
        { rpId: text(), credentialId: text() },
        {},
        {
          description:
            'An unknown passkey, in the format of `PublicKeyCredential.signalUnknownCredential()`.',
        },
      ),
      reason: text('The reason behind the code, if the user can do something about it.', { enum: REASONS }),
      unlock: object(
        {
          codesLeft: count('Right codes in a row that are still needed.'),
          nextCodeAt: moment('When the next one counts.'),
        },
        {},
        { description: 'How to unlock the authenticator, if right codes can do it.' },
      ),
      retryAfter: count('Seconds until another attempt is accepted.'),
    },
    { description: 'A refusal. The meaning of a code never changes; its text may.' },
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
    { description: 'One proof in a session, with what is known about it.' },
  ),
);

/** What a response says about the session it belongs to. */
export const SESSION_FIELDS = {
  proven: list(ref(ProvenMethodModel)),
  expiresAt: moment('When the session ends.'),
};
export const SESSION_TOKEN = text(
  'The new token, only for clients that send it in the session header. The previous one is no longer valid.',
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
        'The factor types that can complete the sign-in, or for `enrollment_required` those that can be enrolled.',
      ),
      enrollmentDeadline: moment('Until when a user who must enroll may work without a second factor.'),
      remainingRecoveryCodes: count('After a recovery code: how many are left.'),
    },
    {
      description: 'The progress of a sign-in, with the extra fields of the application’s `completeLogin`.',
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
  locked: flag(
    'Whether it currently verifies nothing: after failed attempts, because a copy was found, or because it is suspended.',
  ),
  suspended: flag('Whether it is suspended, for example because it was reported as lost.'),
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
      provider: text('Keys only: who made it, if known.'),
      passwordless: flag('Keys only: whether it signs in without a password.'),
      role: text('Keys only: what it is for.', { enum: ['second_factor', 'passwordless', 'both'] }),
      backedUp: flag('Keys only: whether it is synced now.'),
      transports: list({ type: 'string' }, 'Keys only.'),
      destination: text('Only for codes that are sent: the address or number, masked.'),
    },
    {
      description:
        'One enrolled factor of the user, with the details of its type. The application’s own factors may have further ones.',
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
      recoveryCodes: list({ type: 'string' }, 'Only with the first second factor; shown only once.'),
      ...SESSION_FIELDS,
      sessionToken: SESSION_TOKEN,
      status: text('Only if the user had to enroll before anything else: the sign-in is now complete.', {
        enum: ['authenticated'],
      }),
    },
    {
      description:
        'The response to a new second factor. For a user who had to enroll, it has the extra fields of the application’s `completeLogin`.',
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
      recoveryCodes: list({ type: 'string' }, 'Shown only once.'),
    },
    {
      description: 'The response to a sign-up, with the extra fields of the application’s `completeLogin`.',
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
      enrollmentDeadline: moment(
        'Until when a user who must enroll may work without a second factor.',
        NULLABLE,
      ),
      verified: flag('Whether a second factor was proven recently enough in this session.'),
      verifiedAt: moment('When one was last proven in this session.', NULLABLE),
      methods: list(FACTOR_TYPE, 'The factor types that the user can use now.'),
      recoveryCodes: object({ total: count(), remaining: count() }),
    },
    {},
    { description: 'A user’s status with regard to second factors.' },
  ),
);

export const SessionStateModel = model(
  'MfaSessionState',
  object(
    {
      status: text(undefined, { enum: ['authenticated', 'mfa_required', 'enrollment_required'] }),
      methods: list(
        FACTOR_TYPE,
        'The factor types that the user can use now; for `enrollment_required`, those that can be enrolled.',
      ),
      ...SESSION_FIELDS,
    },
    {},
    { description: 'The progress of the sign-in of the client’s session.' },
  ),
);

export const SignedInSessionModel = model(
  'MfaSignedInSession',
  object(
    {
      id: text('Grants no access: only the client knows the token.'),
      createdAt: moment(),
      lastSeenAt: moment(),
      expiresAt: moment(),
      proven: list(ref(ProvenMethodModel)),
      userAgent: text('The user agent that signed in.', NULLABLE),
      ip: text('The IP address that signed in.', NULLABLE),
      current: flag('Whether it is the session of this request.'),
    },
    {},
    { description: 'A session in which the user is signed in.' },
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
  description: 'The id, as listed.',
  schema: { type: 'string', pattern: '^[A-Za-z0-9-]{1,64}$' },
} as const;
