import { UseFilters, UseGuards, UsePipes, applyDecorators } from '@nestjs/common';

import { documentRoutes } from '../openapi/describe-route.js';
import { SkipMfa } from '../guard/require-mfa.decorator.js';
import { MfaRouteExceptionFilter } from '../refusals/mfa-exception.filter.js';
import { MfaRouteGuard } from '../guard/mfa-route.guard.js';
import { OwnAnswers, MfaValidationPipe } from './own-enhancers.js';
import { AnswersWith } from '../refusals/own-routes.js';

/**
 * What all JSON controllers of this module have in common. The path is given when the module is set up.
 *
 * @param tag the heading of its routes in the OpenAPI document
 */
export function MfaController(tag: string): ClassDecorator {
  return applyDecorators(
    documentRoutes(tag),
    AnswersWith('json'),
    // These routes decide themselves: here one gets the factor that the global guard asks for.
    SkipMfa(),
    OwnAnswers(),
    UseGuards(MfaRouteGuard),
    UsePipes(MfaValidationPipe),
    UseFilters(MfaRouteExceptionFilter),
  );
}
