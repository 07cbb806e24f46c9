import type { ArgumentMetadata, ExecutionContext, NestInterceptor, ValidationError } from '@nestjs/common';
import {
  HttpException,
  Injectable,
  SetMetadata,
  UseInterceptors,
  ValidationPipe,
  applyDecorators,
} from '@nestjs/common';
import * as classTransformer from 'class-transformer';
import * as classValidator from 'class-validator';
import { catchError, map, tap, throwError } from 'rxjs';

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

/** What one of our handlers has returned or thrown. */
type OwnAnswer = { answer: unknown } | { error: unknown };

const answers = new SideTable<object, OwnAnswer>();

function requestOf(context: ExecutionContext): object {
  return context.switchToHttp().getRequest<object>();
}

/** Keeps what one of our handlers returns or throws, after its own interceptors and pipes. */
const KEEP_ANSWER: NestInterceptor = {
  intercept: (context, next) =>
    next.handle().pipe(
      tap({
        next: (answer: unknown) => answers.set(requestOf(context), { answer }),
        error: (error: unknown) => answers.set(requestOf(context), { error }),
      }),
    ),
};

/**
 * Restores that response, whatever global interceptors of the application have made of it: serializers that drop
 * unmarked properties, envelopes, or another exception for each one, which would lose the code that clients rely on. A
 * cache that responds instead of our handler would give one user another's data.
 */
export const SEAL_ANSWER: NestInterceptor = {
  intercept(context, next) {
    if (context.getType() !== 'http' || !hasOwnAnswer(context)) return next.handle();
    return next.handle().pipe(
      map(() => {
        const kept = answers.get(requestOf(context));
        if (!kept) {
          throw new Error(
            `A global interceptor of the application replaces the answers of ${context.getClass().name}: exempt the routes of nestjs-mfa from it`,
          );
        }
        if ('error' in kept) throw kept.error;
        return kept.answer;
      }),
      catchError((error: unknown) => {
        const kept = answers.get(requestOf(context));
        // Errors of other classes, from a hook for example, are the application's to map.
        const isRefusal = kept && 'error' in kept && kept.error instanceof HttpException;
        return throwError(() => (isRefusal ? kept.error : error));
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
