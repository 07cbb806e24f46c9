import type { RouteDescription } from '../openapi/describe-route.js';
import {
  AuthenticatorModel,
  FACTOR_TYPE,
  ListedAuthenticatorModel,
  ReportedAuthenticatorModel,
  SessionStateModel,
  SignedInSessionModel,
  StatusModel,
  ID_PARAMETER,
} from '../openapi/models.js';
import { RenameAuthenticatorDto } from './rename-authenticator.dto.js';

export const SESSION_ROUTES = {
  status: {
    operationId: 'mfaGetStatus',
    summary: 'Get the user’s status with regard to second factors',
    answer: { status: 200, description: 'The status.', model: StatusModel },
  },
  session: {
    operationId: 'mfaGetSession',
    summary: 'Get the progress of the sign-in',
    description: 'Lets a reloaded page continue a half-finished sign-in.',
    answer: { status: 200, description: 'The session.', model: SessionStateModel },
  },
  logout: {
    operationId: 'mfaEndSession',
    summary: 'End the session',
    answer: { status: 204, description: 'The session has ended, and its cookie is cleared.' },
  },
} as const satisfies Record<string, RouteDescription>;

export const SESSIONS_ROUTES = {
  list: {
    operationId: 'mfaListSessions',
    summary: 'List the sessions in which the user is signed in',
    answer: { status: 200, description: 'Newest first.', model: SignedInSessionModel, isList: true },
  },
  end: {
    operationId: 'mfaEndOneSession',
    summary: 'End one session',
    description: 'Ending the session of the request signs the user out.',
    parameters: [ID_PARAMETER],
    answer: { status: 204, description: 'The session has ended.' },
    errors: ['not_found'],
  },
  endOthers: {
    operationId: 'mfaEndOtherSessions',
    summary: 'End all sessions but this one',
    description: 'Includes half-finished sign-ins.',
    answer: { status: 204, description: 'The other sessions have ended.' },
  },
} as const satisfies Record<string, RouteDescription>;

export const AUTHENTICATOR_ROUTES = {
  list: {
    operationId: 'mfaListAuthenticators',
    summary: 'List the user’s authenticators',
    parameters: [
      { name: 'type', in: 'query', description: 'Only authenticators of this type.', schema: FACTOR_TYPE },
    ],
    answer: {
      status: 200,
      description: 'Oldest first, without secrets.',
      model: ListedAuthenticatorModel,
      isList: true,
    },
  },
  rename: {
    operationId: 'mfaRenameAuthenticator',
    summary: 'Rename an authenticator',
    parameters: [ID_PARAMETER],
    body: RenameAuthenticatorDto,
    answer: { status: 200, description: 'The renamed authenticator.', model: AuthenticatorModel },
    errors: ['not_found'],
  },
  listReportable: {
    operationId: 'mfaListReportableAuthenticators',
    summary: 'List the authenticators that can be reported as lost',
    description: 'Recovery codes can’t be reported: the user generates new ones instead.',
    answer: { status: 200, description: 'Oldest first.', model: ReportedAuthenticatorModel, isList: true },
  },
  suspend: {
    operationId: 'mfaSuspendAuthenticator',
    summary: 'Report an authenticator as lost',
    description:
      'From then on it verifies nothing. The user’s other sessions end, no browser stays trusted, and the user still owes a second factor.',
    parameters: [ID_PARAMETER],
    answer: { status: 200, description: 'The suspended authenticator.', model: ReportedAuthenticatorModel },
    errors: ['not_found', 'cannot_suspend_authenticator', 'conflict'],
  },
  resume: {
    operationId: 'mfaResumeAuthenticator',
    summary: 'Resume an authenticator that was reported as lost',
    parameters: [ID_PARAMETER],
    answer: { status: 200, description: 'The resumed authenticator.', model: AuthenticatorModel },
    errors: ['not_found'],
  },
  remove: {
    operationId: 'mfaRemoveAuthenticator',
    summary: 'Remove an authenticator',
    description: 'Removing the last second factor also removes the recovery codes and the trust in browsers.',
    parameters: [ID_PARAMETER],
    answer: { status: 204, description: 'The authenticator was removed.' },
    errors: ['not_found', 'cannot_delete_authenticator'],
  },
} as const satisfies Record<string, RouteDescription>;
