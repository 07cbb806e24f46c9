import type { Type } from '@nestjs/common';
import { Inject, Injectable } from '@nestjs/common';

import type { DefaultMfaAdapter } from '../adapter/default-mfa-adapter.js';
import { MFA_ADAPTER } from '../adapter/mfa-adapter.js';
import type { Clock } from '../clock/clock.js';
import { MFA_CLOCK } from '../clock/clock.js';
import type { MfaErrorCode } from '../errors/error-codes.js';
import { MfaException } from '../errors/mfa-exception.js';
import { MfaValidationPipe } from '../http/mfa-validation.pipe.js';
import type { MfaPageTexts } from '../i18n/page-texts.js';
import type { MfaRequestContext } from '../sessions/request-context.service.js';
import type { PageAnswer } from './page-answer.js';
import { PageLocale } from './page-locale.js';
import type { PageError } from './page-props.js';

/** What a form sends: text by the names of its fields. */
export type FormBody = Readonly<Record<string, unknown>>;

/** A form that was refused, and how its page is shown again. */
export interface Refusal {
  error: PageError;
  /** 422 for what the user can correct in the form; what it was refused with otherwise. */
  status: number;
  headers: Readonly<Record<string, string>>;
}

/** How a form names what was wrong with it. */
export interface FormTexts {
  /** The field that most refusals are about. */
  field?: string;
  /** Instead of the lists of class-validator, which are for developers. */
  invalid?: keyof MfaPageTexts;
  /** Instead of the text of a code. */
  codes?: Partial<Record<MfaErrorCode, keyof MfaPageTexts>>;
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

/** What is wrong with what stands in the field; everything else is about the form as a whole. */
const ABOUT_A_FIELD: readonly MfaErrorCode[] = ['invalid_request', 'incorrect_code'];

/** Checks forms by the same rules as the JSON routes, and says on their pages what was wrong with them. */
@Injectable()
export class PageForm {
  private readonly pipe = new MfaValidationPipe();

  constructor(
    @Inject(MFA_ADAPTER) private readonly adapter: DefaultMfaAdapter,
    @Inject(PageLocale) private readonly locale: PageLocale,
    @Inject(MFA_CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws {MfaException} `invalid_request` */
  async check<T extends object>(dto: Type<T>, fields: object): Promise<T> {
    return this.pipe.transform(fields, { type: 'body', metatype: dto }) as Promise<T>;
  }

  /** Does what the form asks for; when it is refused for a reason that its user can mend, its page is shown again. */
  async submit(
    context: MfaRequestContext,
    texts: FormTexts,
    work: () => Promise<PageAnswer>,
    showAgain: (refusal: Refusal) => PageAnswer | Promise<PageAnswer>,
  ): Promise<PageAnswer> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof MfaException) || ELSEWHERE.includes(error.code)) throw error;
      return showAgain(await this.refusalOf(error, context, texts));
    }
  }

  private async refusalOf(
    error: MfaException,
    context: MfaRequestContext,
    { field, invalid = 'somethingWrong', codes = {} }: FormTexts,
  ): Promise<Refusal> {
    const key = codes[error.code] ?? (error.code === 'invalid_request' ? invalid : undefined);
    const message = key
      ? (await this.locale.textsFor(context))[key]
      : await this.adapter.getErrorMessage(error.code, context.request);
    const { retryAfter } = error.details;
    const retryAt =
      retryAfter === undefined ? {} : { retryAt: new Date(this.clock.now() + retryAfter * 1000) };
    const isAboutField = field !== undefined && ABOUT_A_FIELD.includes(error.code);
    const status = error.getStatus();
    return {
      error: isAboutField ? { message, field } : { message, ...retryAt },
      status: status === 400 ? 422 : status,
      headers: error.headers,
    };
  }
}

/** Whether a box of a form is ticked: only then is it sent at all. */
export function isTicked(value: unknown): boolean {
  return value !== undefined;
}

/** The text of a field; empty when it was left out or sent twice. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
