import type { Type } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../../adapter/mfa-adapter.js';
import type { MfaClock } from '../../core/clock/clock.js';
import { MFA_CLOCK } from '../../core/clock/clock.js';
import type { MfaErrorCode } from '../../core/errors/error-codes.js';
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

/** What a form sends: text by the names of its fields. */
export type FormBody = Readonly<Record<string, unknown>>;

/** A form that was refused, and how its page is shown again. */
export interface Refusal {
  error: MfaPageError;
  /** 422 for what the user can correct in the form; what it was refused with otherwise. */
  status: number;
  headers: Readonly<Record<string, string>>;
}

/** How a form names what was wrong with it. */
export interface FormTexts {
  /** The field of the code or password. */
  field?: string | undefined;
  /** What each field must be; the lists of class-validator are for developers. */
  invalid?: Readonly<Record<string, MfaPlainPageText>>;
  /** Instead of the text of a code. */
  codes?: Partial<Record<MfaErrorCode, MfaPlainPageText>>;
}

/** These codes are mended elsewhere, and the filter of the pages leads there. */
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

/** Checks forms by the same rules as the JSON routes, and says on their pages what was wrong with them. */
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

  /** Does what the form asks for; when it is refused for a reason that its user can mend, its page is shown again. */
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
   * A form that was sent twice is refused for what the first has done. Its page would ask again for what was given.
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
    const message = key
      ? (await this.locale.textsFor(context))[key]
      : await this.adapter.getErrorMessage(code, context.request);
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

/** The first field that the validation refused: its messages begin with the name. */
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

/** Whether a box of a form is ticked: only then is it sent at all. */
export function isTicked(value: unknown): boolean {
  return value !== undefined;
}

/** The text of a field; empty when it was left out or sent twice. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Whose form it is: the session's, else the user's, else a visitor's. */
export type FormOwner = Pick<MfaRequest, 'user' | 'session'>;

interface OwnerIds {
  userId: string;
  /** Empty without a session. */
  sessionId: string;
}

const CONTEXT: MfaEncryptionContext = { purpose: 'page-form', userId: '', recordId: '' };

/**
 * The tokens of the forms, against requests that another site forges (OWASP CSRF Prevention: signed double submit). A
 * token is an envelope that says for whom it was made; it differs each time, so that compression tells nothing of it.
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

  /** For whom the form was made; null when it was not made here. */
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

/** What binds an envelope to its owner. */
export function ownedBy(owner: FormOwner, purpose: string): MfaEncryptionContext {
  const { userId, sessionId } = idsOf(owner);
  return { purpose, userId, recordId: sessionId };
}

function idsOf({ user, session }: FormOwner): OwnerIds {
  return { userId: user ? userIdOf(user) : (session?.userId ?? ''), sessionId: session?.id ?? '' };
}
