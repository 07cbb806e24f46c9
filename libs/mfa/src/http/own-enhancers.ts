import type { ArgumentMetadata, ExecutionContext, NestInterceptor, ValidationError } from '@nestjs/common';
import { Injectable, SetMetadata, UseInterceptors, ValidationPipe, applyDecorators } from '@nestjs/common';
import * as classTransformer from 'class-transformer';
import * as classValidator from 'class-validator';
import { map, tap } from 'rxjs';

import { SideTable } from '../core/objects/side-table.js';
import { MfaException } from '../core/errors/mfa-exception.js';

/** Validates bodies and parameters of this module's routes, whatever the application's own pipe does. */
@Injectable()
export class MfaValidationPipe extends ValidationPipe {
  constructor() {
    super({
      // Otherwise Nest would look for these in the application, which may not have them.
      validatorPackage: classValidator,
      transformerPackage: classTransformer,
      whitelist: true,
      transform: true,
      forbidUnknownValues: true,
      stopAtFirstError: true,
      // The response doesn't repeat the input.
      validationError: { target: false, value: false },
      exceptionFactory: (errors: ValidationError[]) =>
        new MfaException('invalid_request', {
          message: errors.flatMap(({ constraints }) => Object.values(constraints ?? {})),
        }),
    });
  }

  /** Treats `null` in an optional field as if it were absent. */
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const checked: unknown = await super.transform(value, metadata);
    if (metadata.type === 'body' && typeof checked === 'object' && checked !== null) {
      for (const [name, field] of Object.entries(checked)) {
        if (field === null) Reflect.deleteProperty(checked, name);
      }
    }
    return checked;
  }
}

const OWN_ANSWER = 'nestjs-mfa:own-answer';

const answers = new SideTable<object, { answer: unknown }>();

function requestOf(context: ExecutionContext): object {
  return context.switchToHttp().getRequest<object>();
}

/** Keeps what one of our handlers returns, after its own interceptors. */
const KEEP_ANSWER: NestInterceptor = {
  intercept: (context, next) =>
    next.handle().pipe(tap((answer: unknown) => answers.set(requestOf(context), { answer }))),
};

/**
 * Restores that response, whatever global interceptors of the application have made of it, such as serializers that
 * drop unmarked properties, or envelopes. A cache that responds instead of our handler would give one user another's
 * data.
 */
export const SEAL_ANSWER: NestInterceptor = {
  intercept(context, next) {
    if (context.getType() !== 'http' || !hasOwnAnswer(context)) return next.handle();
    return next.handle().pipe(
      map(() => {
        const kept = answers.get(requestOf(context));
        if (kept) return kept.answer;
        throw new Error(
          `A global interceptor of the application replaces the answers of ${context.getClass().name}: exempt the routes of nestjs-mfa from it`,
        );
      }),
    );
  },
};

/** Marks a controller of this module: the application's interceptors must not change its responses. */
export function OwnAnswers(): ClassDecorator {
  return applyDecorators(SetMetadata(OWN_ANSWER, true), UseInterceptors(KEEP_ANSWER));
}

function hasOwnAnswer(context: ExecutionContext): boolean {
  return Reflect.getMetadata(OWN_ANSWER, context.getClass()) === true;
}
