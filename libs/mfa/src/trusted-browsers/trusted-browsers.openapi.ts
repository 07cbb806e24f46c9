import type { RouteDescription } from '../openapi/describe-route.js';
import { ID_PARAMETER, TrustedDeviceModel } from '../openapi/models.js';

export const TRUSTED_BROWSER_ROUTES = {
  list: {
    operationId: 'mfaListTrustedDevices',
    summary: 'List the user’s trusted browsers',
    answer: { status: 200, description: 'Newest first.', model: TrustedDeviceModel, isList: true },
  },
  revoke: {
    operationId: 'mfaRevokeTrustedDevice',
    summary: 'Revoke the trust in one browser',
    parameters: [ID_PARAMETER],
    answer: { status: 204, description: 'The browser is no longer trusted.' },
    errors: ['not_found'],
  },
  revokeAll: {
    operationId: 'mfaRevokeTrustedDevices',
    summary: 'Revoke the trust in all browsers',
    answer: { status: 204, description: 'No browser is trusted any more.' },
  },
} as const satisfies Record<string, RouteDescription>;
