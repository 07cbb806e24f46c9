import { UseFilters, UseGuards, UsePipes, applyDecorators } from '@nestjs/common';

import { documentRoutes } from '../openapi/describe-route.js';
import { SkipMfa } from '../guard/require-mfa.decorator.js';
import { MfaRouteExceptionFilter } from '../refusals/mfa-exception.filter.js';
import { MfaRouteGuard } from '../guard/mfa-route.guard.js';
import { OwnAnswers, MfaValidationPipe } from './own-enhancers.js';
import { AnswersWith } from '../refusals/own-routes.js';

/**
 * What this module's JSON controllers share. Their paths are set when the module is built.
 *
 * @param tag the heading of the routes in the OpenAPI document
 */
export function MfaController(tag: string): ClassDecorator {
  return applyDecorators(
    documentRoutes(tag),
    AnswersWith('json'),
    // These routes do their own checks: they are where a user gets the factor that the global guard asks for.
    SkipMfa(),
    OwnAnswers(),
    UseGuards(MfaRouteGuard),
    UsePipes(MfaValidationPipe),
    UseFilters(MfaRouteExceptionFilter),
  );
}
