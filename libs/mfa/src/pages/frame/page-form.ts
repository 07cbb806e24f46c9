import type { Type } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { MfaErrorCode } from '../../core/errors/error-codes.js';
import { MFA_ERRORS } from '../../core/errors/error-codes.js';
import { MfaException } from '../../core/errors/mfa-exception.js';
import { MfaValidationPipe } from '../../http/own-enhancers.js';
import type { MfaPlainPageText } from '../../i18n/page-texts.js';
import { AuthenticationSessionService } from '../../engine/sessions/authentication-session.service.js';
import type { MfaRequest } from '../../engine/rows/mfa-request.js';
import type { PageAnswer } from './page-answer.js';
import { PageLocale } from './page-locale.js';
import type { MfaPageError } from './page-props.js';
import { userIdOf } from '../../core/users/mfa-user.js';
import { open, seal } from '../../core/crypto/envelope.js';
import type { MfaEncryptionContext } from '../../core/crypto/envelope.js';
import { VisibleKeys } from '../../engine/keys/visible-keys.js';

/** The fields of a form: strings by name. */
export type FormBody = Readonly<Record<string, unknown>>;

/** A refused form, and how to show its page again. */
export interface Refusal {
  error: MfaPageError;
  /** 422 if the user can correct the form; otherwise the status of the refusal. */
  status: number;
  headers: Readonly<Record<string, string>>;
}

/** How a form describes its errors. */
export interface FormTexts {
  /** The name of the field for the code or password. */
  field?: string | undefined;
  /** What each field must be; class-validator's messages are for developers. */
  invalid?: Readonly<Record<string, MfaPlainPageText>>;
  /** Texts that replace those of error codes. */
  codes?: Partial<Record<MfaErrorCode, MfaPlainPageText>>;
}

/** Errors that are resolved elsewhere; the pages' exception filter redirects there. */
const ELSEWHERE: readonly MfaErrorCode[] = [
  'unauthenticated',
  'session_expired',
  'mfa_required',
  'reauthentication_required',
  'mfa_enrollment_required',
  'cross_origin',
  'not_found',
  'storage_unavailable',
];

/** Validates forms by the same rules as the JSON routes, and shows errors on their pages. */
@Injectable()
export class PageForm {
  private readonly pipe = new MfaValidationPipe();

  constructor(
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(AuthenticationSessionService) private readonly sessions: AuthenticationSessionService,
    @Inject(PageLocale) private readonly locale: PageLocale,
    @Inject(MFA_CLOCK) private readonly clock: MfaClock,
  ) {}

  /** @throws {MfaException} `invalid_request` */
  async check<T extends object>(dto: Type<T>, fields: object): Promise<T> {
    return this.pipe.transform(fields, { type: 'body', metatype: dto }) as Promise<T>;
  }

  /** Runs the form's action. If it is refused for a reason that the user can correct, shows the page again. */
  async submit(
    context: MfaRequest,
    texts: FormTexts,
    work: () => Promise<PageAnswer>,
    showAgain: (refusal: Refusal) => PageAnswer | Promise<PageAnswer>,
  ): Promise<PageAnswer> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof MfaException) || ELSEWHERE.includes(error.code)) throw error;
      await this.assertStillThere(context);
      return showAgain(await this.refusalOf(error, context, texts));
    }
  }

  /**
   * A form sent twice is refused because of what the first request did. Its page would ask again for what was already given.
   *
   * @throws {MfaException} `session_expired`
   */
  private async assertStillThere({ session }: MfaRequest): Promise<void> {
    if (session && !(await this.sessions.reload(session))) throw new MfaException('session_expired');
  }

  private async refusalOf(error: MfaException, context: MfaRequest, texts: FormTexts): Promise<Refusal> {
    const { code, headers, details } = error;
    const invalid = invalidField(error, texts);
    const key = texts.codes?.[code] ?? invalid?.text;
    const told: string | null | undefined = key
      ? (await this.locale.textsFor(context))[key]
      : await this.adapter.getErrorMessage(code, context.request);
    const message = told ?? MFA_ERRORS[code].message;
    const field = code === 'incorrect_code' ? texts.field : invalid?.field;
    const { retryAfter } = details;
    const retryAt = retryAfter === undefined ? undefined : new Date(this.clock.now() + retryAfter * 1000);
    const status = error.getStatus();
    return {
      error: { message, ...(field ? { field } : {}), ...(retryAt ? { retryAt } : {}) },
      status: status === 400 ? 422 : status,
      headers,
    };
  }
}

/** Finds the first invalid field: validation messages start with its name. */
function invalidField(
  { code, details }: MfaException,
  { invalid = {} }: FormTexts,
): { field: string; text: MfaPlainPageText } | undefined {
  if (code !== 'invalid_request') return undefined;
  const problems = [details.message ?? []].flat();
  const found = Object.entries(invalid).find(([name]) =>
    problems.some((problem) => problem.startsWith(`${name} `)),
  );
  return found && { field: found[0], text: found[1] };
}

/** Whether a checkbox is checked: browsers only send it then. */
export function isTicked(value: unknown): boolean {
  return value !== undefined;
}

/** The text of a field; empty if it was left out or sent twice. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Who a form belongs to: the session, else the user, else a visitor. */
export type FormOwner = Pick<MfaRequest, 'user' | 'session'>;

interface OwnerIds {
  userId: string;
  /** Empty without a session. */
  sessionId: string;
}

const CONTEXT: MfaEncryptionContext = { purpose: 'page-form', userId: '', recordId: '' };

/**
 * Form tokens against cross-site request forgery (OWASP CSRF Prevention: signed double submit). A token is an envelope that names the
 * form's owner. It differs each time, so that compression reveals nothing about it.
 */
@Injectable()
export class CsrfTokens {
  constructor(@Inject(VisibleKeys) private readonly keys: VisibleKeys) {}

  async tokenFor(owner: FormOwner): Promise<string> {
    return seal(await this.keys.ring(), JSON.stringify(idsOf(owner)), CONTEXT);
  }

  /** @throws {MfaException} `cross_origin` unless the form came from a page of this session */
  async assertToken(token: unknown, owner: FormOwner): Promise<void> {
    const made = await this.ownerOf(token);
    const { userId, sessionId } = idsOf(owner);
    if (made?.userId !== userId || made.sessionId !== sessionId) throw new MfaException('cross_origin');
  }

  /** The owner of the form; null if the token wasn't issued here. */
  async ownerOf(token: unknown): Promise<OwnerIds | null> {
    const ring = await this.keys.ring();
    try {
      return typeof token === 'string' ? (JSON.parse(open(ring, token, CONTEXT)) as OwnerIds) : null;
    } catch {
      // Forged, or under a key that is gone.
      return null;
    }
  }
}

/** The encryption context that binds an envelope to its owner. */
export function ownedBy(owner: FormOwner, purpose: string): MfaEncryptionContext {
  const { userId, sessionId } = idsOf(owner);
  return { purpose, userId, recordId: sessionId };
}

function idsOf({ user, session }: FormOwner): OwnerIds {
  return { userId: user ? userIdOf(user) : (session?.userId ?? ''), sessionId: session?.id ?? '' };
}
