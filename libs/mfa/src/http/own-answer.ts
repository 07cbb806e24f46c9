import type { ExecutionContext, NestInterceptor } from '@nestjs/common';
import { SetMetadata, UseInterceptors, applyDecorators } from '@nestjs/common';
import { map, tap } from 'rxjs';

const OWN_ANSWER = 'nestjs-mfa:own-answer';

const answers = new WeakMap<object, { answer: unknown }>();

function requestOf(context: ExecutionContext): object {
  return context.switchToHttp().getRequest<object>();
}

/** Keeps what one of our handlers answers, with what its own interceptors have made of it. */
const KEEP_ANSWER: NestInterceptor = {
  intercept: (context, next) =>
    next.handle().pipe(tap((answer: unknown) => answers.set(requestOf(context), { answer }))),
};

/**
 * Gives that answer, whatever global interceptors of the application have made of it: serializers that leave out what is not
 * marked, envelopes. A cache that answers in the place of our handler would give one user what is another's.
 */
export const SEAL_ANSWER: NestInterceptor = {
  intercept(context, next) {
    if (context.getType() !== 'http' || !hasOwnAnswer(context)) return next.handle();
    return next.handle().pipe(
      map(() => {
        const kept = answers.get(requestOf(context));
        if (kept) return kept.answer;
        throw new Error(
          `A global interceptor of the application answers in the place of ${context.getClass().name}: exempt the routes of nestjs-mfa from it`,
        );
      }),
    );
  },
};

/** Marks a controller of this module: its answers are not the application's to change. */
export function OwnAnswers(): ClassDecorator {
  return applyDecorators(SetMetadata(OWN_ANSWER, true), UseInterceptors(KEEP_ANSWER));
}

function hasOwnAnswer(context: ExecutionContext): boolean {
  return Reflect.getMetadata(OWN_ANSWER, context.getClass()) === true;
}
