import type { RouteDescription } from '../../openapi/describe-route.js';
import { ActivationModel, FACTOR_TYPE } from '../../openapi/models.js';
import type { Schema } from '../../openapi/schema.js';
import { flag, model, moment, object, schemaOf, text } from '../../openapi/schema.js';
import { ActivateFactorDto } from './activate-factor.dto.js';
import { ChallengeFactorDto } from './challenge-factor.dto.js';

const DESTINATION = text('The address or number, masked: `a•••@example.com`, `•••• 1234`.');
const OPEN: Schema = { additionalProperties: true };

const SetupModel = model(
  'MfaFactorSetup',
  object(
    {},
    {
      destination: DESTINATION,
      expiresAt: moment('When the code expires.'),
      restricted: flag('`sms_code`: the user must be told of the risk (NIST SP 800-63B-4, section 3.2.9).'),
    },
    {
      description:
        'What to show the user. These fields are those of codes that are sent; other factors have their own.',
      ...OPEN,
    },
  ),
);

const ChallengeModel = model(
  'MfaFactorChallenge',
  object(
    {},
    {
      destination: DESTINATION,
      expiresAt: moment('When the code expires.'),
      nextAt: moment('When another one may be sent.'),
    },
    { description: 'A code is on its way. The application’s own factors have other fields.', ...OPEN },
  ),
);

const TYPE = {
  name: 'type',
  in: 'path',
  description: 'The type of a factor in the option `factors`.',
  schema: { ...FACTOR_TYPE, example: 'email_code' },
} as const;

const ENROLLMENT = ['already_enabled', 'unverified_email', 'not_found'] as const;
const SENDING = ['too_many_messages', 'message_not_sent'] as const;

export const PLUGGED_ROUTES = {
  begin: {
    operationId: 'mfaBeginFactor',
    summary: 'Begin the set-up of a further factor',
    parameters: [TYPE],
    body: {
      schema: {
        type: 'object',
        ...OPEN,
        description: 'The fields that the factor expects; none for codes that are sent.',
      },
      required: false,
    },
    answer: { status: 201, description: 'The set-up has begun.', model: SetupModel },
    errors: [...ENROLLMENT, ...SENDING],
  },
  activate: {
    operationId: 'mfaActivateFactor',
    summary: 'Finish the set-up of a further factor with its first code',
    parameters: [TYPE],
    body: ActivateFactorDto,
    answer: {
      status: 201,
      description: 'The factor is set up.',
      model: ActivationModel,
      givesToken: true,
    },
    errors: [...ENROLLMENT, 'no_pending_setup', 'incorrect_code', 'too_many_attempts'],
  },
  challenge: {
    operationId: 'mfaChallengeFactor',
    summary: 'Send a code, to finish a sign-in or to step up',
    description: 'Pass the code to `POST authenticate`.',
    parameters: [TYPE],
    body: { schema: schemaOf(ChallengeFactorDto), required: false },
    answer: { status: 200, description: 'A code is on its way.', model: ChallengeModel },
    errors: ['mfa_enrollment_required', 'authenticator_locked', 'not_found', ...SENDING],
  },
} as const satisfies Record<string, RouteDescription>;
