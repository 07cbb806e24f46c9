import type { ArgumentMetadata } from '@nestjs/common';
import { BadRequestException, HttpException, Injectable, ValidationPipe } from '@nestjs/common';

/**
 * Checks bodies. One that can't even be looked at, such as a list in a list a thousand levels deep, is as wrong as one that
 * fails the checks, and no error of the server.
 */
@Injectable()
export class BodyPipe extends ValidationPipe {
  constructor() {
    super({ whitelist: true, transform: true });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    try {
      return await super.transform(value, metadata);
    } catch (error) {
      if (error instanceof HttpException) throw error;
      throw new BadRequestException('The body could not be read', { cause: error });
    }
  }
}
