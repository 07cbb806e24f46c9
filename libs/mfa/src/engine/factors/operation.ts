import type { Type } from '@nestjs/common';

/** The operations an instance performs for its users, by name. The list is closed to bound the cardinality of measurements. */
export const MFA_OPERATIONS = [
  'guard',
  'sign_in',
  'proof',
  'verification',
  'challenge',
  'setup.begin',
  'setup.finish',
  'notification',
  'message',
  'storage.read',
  'storage.commit',
] as const;

export type MfaOperation = (typeof MFA_OPERATIONS)[number];

/** The method that performs an operation. */
export interface OperationPart {
  operation: MfaOperation;
  of: Type;
  method: string;
  /** The index of the argument that holds the factor's type, for methods that several factors share. */
  typeAt?: number;
}

type MethodOf<T> = {
  [K in keyof T & string]: T[K] extends (...given: never[]) => Promise<unknown> ? K : never;
};

/** Declares the method that performs an operation; the compiler checks that the class has it. */
export function operationOf<T>(
  operation: MfaOperation,
  of: Type<T>,
  method: MethodOf<T>[keyof T & string],
  typeAt?: number,
): OperationPart {
  return typeAt === undefined ? { operation, of, method } : { operation, of, method, typeAt };
}
