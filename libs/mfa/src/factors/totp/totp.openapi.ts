import type { RouteDescription } from '../../openapi/describe-route.js';
import { ActivationModel } from '../../openapi/models.js';
import { model, moment, object, text, schemaOf } from '../../openapi/schema.js';
import { ActivateTotpDto } from './activate-totp.dto.js';
import { BeginTotpDto } from './begin-totp.dto.js';

const SetupModel = model(
  'MfaTotpSetup',
  object(
    {
      secret: text('Base32, to type in by hand.'),
      url: text('The `otpauth://` URI.'),
      svg: text('The QR code of the URI as SVG markup.'),
      qrCode: text('The QR code of the URI as a `data:` URL.'),
      expiresAt: moment('When the set-up expires.'),
    },
    {},
    { description: 'What an authenticator app needs to be set up.' },
  ),
);

const ENROLLMENT = [
  'already_enabled',
  'unverified_email',
  'not_found',
  'cannot_delete_authenticator',
] as const;

export const TOTP_ROUTES = {
  begin: {
    operationId: 'mfaBeginTotp',
    summary: 'Begin the set-up of an authenticator app',
    description:
      'The secret waits on the server for its first code. An earlier set-up becomes invalid; an active app keeps working.',
    body: { schema: schemaOf(BeginTotpDto), required: false },
    answer: { status: 201, description: 'The set-up has begun.', model: SetupModel },
    errors: ENROLLMENT,
  },
  activate: {
    operationId: 'mfaActivateTotp',
    summary: 'Finish the set-up of an authenticator app with its first code',
    body: ActivateTotpDto,
    answer: {
      status: 201,
      description: 'The app is now a second factor.',
      model: ActivationModel,
      givesToken: true,
    },
    errors: [...ENROLLMENT, 'no_pending_setup', 'incorrect_code', 'too_many_attempts'],
  },
} as const satisfies Record<string, RouteDescription>;
