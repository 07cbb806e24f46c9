/**
 * The original of a wrapped method. The symbol is shared by all copies of the module, since the command line may have loaded
 * another one.
 */
const WRAPPED = Symbol.for('nestjs-mfa:WRAPPED_METHOD');

type Method = (this: unknown, ...given: unknown[]) => unknown;

/** Runs around a call. It calls `work` once and returns its result. */
export type Around = (given: readonly unknown[], work: () => unknown) => unknown;

/**
 * Wraps a method of one object. The class and its other instances stay unchanged, so nothing comes between caller and method
 * unless somebody observes.
 *
 * @returns a function that removes the wrapper
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

/** The object's method without its wrapper. */
export function methodWithin(target: object, name: string): unknown {
  const method: unknown = Reflect.get(target, name);
  return (method as { [WRAPPED]?: Method } | undefined)?.[WRAPPED] ?? method;
}
