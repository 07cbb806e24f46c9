import type { RouteDescription } from '../openapi/describe-route.js';
import { ID_PARAMETER, TrustedDeviceModel } from '../openapi/models.js';

export const TRUSTED_BROWSER_ROUTES = {
  list: {
    operationId: 'mfaListTrustedDevices',
    summary: 'The user’s trusted browsers',
    answer: { status: 200, description: 'The newest first.', model: TrustedDeviceModel, isList: true },
  },
  revoke: {
    operationId: 'mfaRevokeTrustedDevice',
    summary: 'Trust one no longer',
    parameters: [ID_PARAMETER],
    answer: { status: 204, description: 'It is forgotten.' },
    errors: ['not_found'],
  },
  revokeAll: {
    operationId: 'mfaRevokeTrustedDevices',
    summary: 'Trust none of them any longer',
    answer: { status: 204, description: 'All are forgotten.' },
  },
} as const satisfies Record<string, RouteDescription>;
