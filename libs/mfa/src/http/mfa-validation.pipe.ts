import type { ArgumentMetadata, ValidationError } from '@nestjs/common';
import { Injectable, ValidationPipe } from '@nestjs/common';
import * as classTransformer from 'class-transformer';
import * as classValidator from 'class-validator';

import { MfaException } from '../core/errors/mfa-exception.js';

/** Checks bodies and parameters of this module's routes, whatever the application's own pipe does. */
@Injectable()
export class MfaValidationPipe extends ValidationPipe {
  constructor() {
    super({
      // By themselves Nest would look for these in the application, which need not have them.
      validatorPackage: classValidator,
      transformerPackage: classTransformer,
      whitelist: true,
      transform: true,
      forbidUnknownValues: true,
      stopAtFirstError: true,
      // What was sent is not repeated in the answer.
      validationError: { target: false, value: false },
      exceptionFactory: (errors: ValidationError[]) =>
        new MfaException('invalid_request', {
          message: errors.flatMap(({ constraints }) => Object.values(constraints ?? {})),
        }),
    });
  }

  /** A field that may be left out may be `null` as well, and says the same then. */
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
