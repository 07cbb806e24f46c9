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
    summary: 'How the user stands with regard to second factors',
    answer: { status: 200, description: 'The status.', model: StatusModel },
  },
  session: {
    operationId: 'mfaGetSession',
    summary: 'How far the sign-in has come',
    description: 'A page that was reloaded finds its half-finished sign-in again.',
    answer: { status: 200, description: 'The session.', model: SessionStateModel },
  },
  logout: {
    operationId: 'mfaEndSession',
    summary: 'End the session',
    answer: { status: 204, description: 'It is over, and the cookie is cleared.' },
  },
} as const satisfies Record<string, RouteDescription>;

export const SESSIONS_ROUTES = {
  list: {
    operationId: 'mfaListSessions',
    summary: 'Where the user is signed in',
    answer: { status: 200, description: 'The newest first.', model: SignedInSessionModel, isList: true },
  },
  end: {
    operationId: 'mfaEndOneSession',
    summary: 'End one session',
    description: 'Ending that of the request is signing out.',
    parameters: [ID_PARAMETER],
    answer: { status: 204, description: 'It is over.' },
    errors: ['not_found'],
  },
  endOthers: {
    operationId: 'mfaEndOtherSessions',
    summary: 'End all sessions but this one',
    description: 'Half-finished sign-ins too.',
    answer: { status: 204, description: 'They are over.' },
  },
} as const satisfies Record<string, RouteDescription>;

export const AUTHENTICATOR_ROUTES = {
  list: {
    operationId: 'mfaListAuthenticators',
    summary: 'The user’s authenticators',
    parameters: [{ name: 'type', in: 'query', description: 'Only those of this type.', schema: FACTOR_TYPE }],
    answer: {
      status: 200,
      description: 'Oldest first; never a secret.',
      model: ListedAuthenticatorModel,
      isList: true,
    },
  },
  rename: {
    operationId: 'mfaRenameAuthenticator',
    summary: 'Rename one',
    parameters: [ID_PARAMETER],
    body: RenameAuthenticatorDto,
    answer: { status: 200, description: 'The authenticator.', model: AuthenticatorModel },
    errors: ['not_found'],
  },
  listReportable: {
    operationId: 'mfaListReportableAuthenticators',
    summary: 'What can be reported as lost',
    description: 'Recovery codes can’t be: they are made anew.',
    answer: { status: 200, description: 'Oldest first.', model: ReportedAuthenticatorModel, isList: true },
  },
  suspend: {
    operationId: 'mfaSuspendAuthenticator',
    summary: 'Report one as lost',
    description:
      'It verifies nothing from then on, the user’s other sessions end, and no browser is trusted. The user still owes a second factor.',
    parameters: [ID_PARAMETER],
    answer: { status: 200, description: 'It is suspended.', model: ReportedAuthenticatorModel },
    errors: ['not_found', 'cannot_suspend_authenticator', 'conflict'],
  },
  resume: {
    operationId: 'mfaResumeAuthenticator',
    summary: 'Let one verify again that was reported as lost',
    parameters: [ID_PARAMETER],
    answer: { status: 200, description: 'The authenticator.', model: AuthenticatorModel },
    errors: ['not_found'],
  },
  remove: {
    operationId: 'mfaRemoveAuthenticator',
    summary: 'Remove one',
    description: 'The last second factor takes the recovery codes and the trusted browsers along.',
    parameters: [ID_PARAMETER],
    answer: { status: 204, description: 'It is gone.' },
    errors: ['not_found', 'cannot_delete_authenticator'],
  },
} as const satisfies Record<string, RouteDescription>;
