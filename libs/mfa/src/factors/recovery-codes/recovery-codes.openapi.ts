import type { RouteDescription } from '../../openapi/describe-route.js';
import { NULLABLE, count, list, model, moment, object, schemaOf } from '../../openapi/schema.js';

import { RegenerateRecoveryCodesDto } from './regenerate.dto.js';

const SummaryModel = model(
  'MfaRecoveryCodesSummary',
  object({
    total: count(),
    remaining: count(),
    createdAt: moment('When the set was generated; null without one.', NULLABLE),
  }),
);

const CodesModel = model('MfaRecoveryCodes', object({ codes: list({ type: 'string' }, 'Shown only once.') }));

export const RECOVERY_CODES_ROUTES = {
  summary: {
    operationId: 'mfaGetRecoveryCodes',
    summary: 'Count the recovery codes',
    answer: {
      status: 200,
      description: 'How many there are, and how many are left; never the codes themselves.',
      model: SummaryModel,
    },
  },
  regenerate: {
    operationId: 'mfaRegenerateRecoveryCodes',
    summary: 'Generate new recovery codes',
    description: 'The previous ones stop working.',
    body: { schema: schemaOf(RegenerateRecoveryCodesDto), required: false },
    answer: { status: 201, description: 'The new codes.', model: CodesModel },
    errors: ['cannot_generate_recovery_codes'],
  },
} as const satisfies Record<string, RouteDescription>;
