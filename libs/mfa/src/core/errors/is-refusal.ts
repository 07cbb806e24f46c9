import { HttpException } from '@nestjs/common';

/** Whether application code has refused (4xx), as opposed to failed. */
export function isRefusal(error: unknown): boolean {
  return error instanceof HttpException && error.getStatus() < 500;
}
