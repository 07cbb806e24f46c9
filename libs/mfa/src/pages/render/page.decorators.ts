import type { ExecutionContext } from '@nestjs/common';
import {
  UseFilters,
  UseGuards,
  UseInterceptors,
  applyDecorators,
  createParamDecorator,
} from '@nestjs/common';

import { SkipMfa } from '../../guard/require-mfa.decorator.js';
import { AnswersWith } from '../../refusals/own-routes.js';
import { Undocumented } from '../../openapi/describe-route.js';
import { OwnAnswers } from '../../http/own-answer.js';
import type { MfaHttpExchange } from '../../sign-in/login.flow.js';
import type { FormBody } from '../frame/page-form.js';
import { PageExceptionFilter } from './page-exception.filter.js';
import { PageGuard } from './page.guard.js';
import { PageInterceptor } from './page.interceptor.js';

/** What all page controllers have in common. The path is given when the module is set up. */
export function MfaPages(): ClassDecorator {
  return applyDecorators(
    AnswersWith('page'),
    Undocumented(),
    // These routes decide themselves: here one gets the factor that the global guard asks for.
    SkipMfa(),
    OwnAnswers(),
    UseGuards(PageGuard),
    UseInterceptors(PageInterceptor),
    UseFilters(PageExceptionFilter),
  );
}

/** The fields of the form. Not `@Body()`, whose content the application's own pipes could change or refuse. */
export const Form = createParamDecorator(
  (_: unknown, execution: ExecutionContext): FormBody =>
    execution.switchToHttp().getRequest<{ body?: FormBody | null }>().body ?? {},
);

/** The HTTP exchange that a flow reads from and hands its session to. */
export const Exchange = createParamDecorator((_: unknown, execution: ExecutionContext): MfaHttpExchange => {
  const http = execution.switchToHttp();
  return { request: http.getRequest<object>(), response: http.getResponse<object>() };
});

/** One value of the query, when it is there once. */
export const QueryText = createParamDecorator((name: string, execution: ExecutionContext): string | null => {
  const { query } = execution.switchToHttp().getRequest<{ query?: Record<string, unknown> }>();
  const value = query?.[name];
  return typeof value === 'string' ? value : null;
});
