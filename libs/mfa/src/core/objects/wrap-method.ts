/** What a method that was wrapped is without that. Known to all copies of the module: the command line may have loaded another one. */
const WRAPPED = Symbol.for('nestjs-mfa:WRAPPED_METHOD');

type Method = (this: unknown, ...given: unknown[]) => unknown;

/** What happens around a call; it calls `work` once, and returns what that returns. */
export type Around = (given: readonly unknown[], work: () => unknown) => unknown;

/**
 * Puts something around a method of one object. The class and its other objects stay as they are: where nobody observes, nothing is between
 * the caller and the method.
 *
 * @returns takes it away again
 */
export function wrapMethod(target: object, name: string, around: Around): () => void {
  const original = Reflect.get(target, name) as Method;
  const own = Object.getOwnPropertyDescriptor(target, name);
  function wrapping(this: unknown, ...given: unknown[]): unknown {
    return around(given, () => original.apply(this, given));
  }
  Object.defineProperty(target, name, {
    configurable: true,
    enumerable: false,
    writable: true,
    value: Object.assign(wrapping, { [WRAPPED]: original }),
  });
  return () => {
    if (own) Object.defineProperty(target, name, own);
    else Reflect.deleteProperty(target, name);
  };
}

/** The object's method, without what was put around it. */
export function methodWithin(target: object, name: string): unknown {
  const method: unknown = Reflect.get(target, name);
  return (method as { [WRAPPED]?: Method } | undefined)?.[WRAPPED] ?? method;
}
