import { HttpException } from '@nestjs/common';

/** Whether code of the application's has thrown a no (4xx), rather than failed. */
export function isRefusal(error: unknown): boolean {
  return error instanceof HttpException && error.getStatus() < 500;
}
