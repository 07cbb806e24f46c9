import type { MfaUser } from './mfa-user.js';

/**
 * Returns a user with some properties replaced. A user may be an instance of a class with accessors and private fields, a
 * proxy, or frozen. A copy would lose that, so everything else is still read from the original object.
 *
 * @param replaced getters, called on each access so that the values follow what they are derived from
 */
export function overlayUser(
  user: object,
  replaced: Readonly<Partial<Record<keyof MfaUser, () => unknown>>>,
): MfaUser {
  const read = (key: PropertyKey): unknown => {
    if (Object.hasOwn(replaced, key)) return replaced[key as keyof MfaUser]?.();
    const value: unknown = Reflect.get(user, key, user);
    // Only the original object has the private fields.
    return typeof value === 'function' && key !== 'constructor' ? (value.bind(user) as unknown) : value;
  };
  // An empty target imposes no invariants on what the traps may return.
  return new Proxy<object>(
    {},
    {
      get: (_, key) => read(key),
      set: (_, key, value) => Reflect.set(user, key, value, user),
      has: (_, key) => Object.hasOwn(replaced, key) || Reflect.has(user, key),
      ownKeys: () => [...new Set([...Reflect.ownKeys(user), ...Object.keys(replaced)])],
      getOwnPropertyDescriptor: (_, key) => {
        const own = Reflect.getOwnPropertyDescriptor(user, key);
        if (!own && !Object.hasOwn(replaced, key)) return undefined;
        return { value: read(key), enumerable: own?.enumerable ?? true, configurable: true, writable: true };
      },
      getPrototypeOf: () => Reflect.getPrototypeOf(user),
    },
  ) as MfaUser;
}
