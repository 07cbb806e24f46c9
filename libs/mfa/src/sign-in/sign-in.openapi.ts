import type { RouteDescription } from '../openapi/describe-route.js';
import { SignInModel } from '../openapi/models.js';
import { AuthenticateDto } from './authenticate.dto.js';

export const SIGN_IN_ROUTES = {
  authenticate: {
    operationId: 'mfaAuthenticate',
    summary: 'Prove a code, to finish a sign-in or to step up',
    description: 'A code from an authenticator app, a recovery code, or a code that was sent.',
    body: AuthenticateDto,
    answer: {
      status: 200,
      description: 'The second factor is proven.',
      model: SignInModel,
      givesToken: true,
    },
    errors: ['incorrect_code', 'mfa_enrollment_required', 'authenticator_locked', 'too_many_attempts'],
  },
} as const satisfies Record<string, RouteDescription>;
