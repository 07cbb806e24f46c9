import type { ArgumentMetadata } from '@nestjs/common';
import { BadRequestException, HttpException, Injectable, ValidationPipe } from '@nestjs/common';

/**
 * Validates bodies. A body that can't even be processed, such as thousands of nested lists, is treated as invalid
 * rather than as a server error.
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
