import type { Type } from '@nestjs/common';

/** What an instance does for its users, by name: a closed list, so that what is measured by it stays countable. */
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

/** A method that carries an operation out. */
export interface OperationPart {
  operation: MfaOperation;
  of: Type;
  method: string;
  /** Where the factor's type is among the arguments, for what several factors share. */
  typeAt?: number;
}

type MethodOf<T> = {
  [K in keyof T & string]: T[K] extends (...given: never[]) => Promise<unknown> ? K : never;
};

/** Names a method as what carries an operation out; the compiler sees to it that the class has it. */
export function operationOf<T>(
  operation: MfaOperation,
  of: Type<T>,
  method: MethodOf<T>[keyof T & string],
  typeAt?: number,
): OperationPart {
  return typeAt === undefined ? { operation, of, method } : { operation, of, method, typeAt };
}
