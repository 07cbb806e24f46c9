import type { MfaUser } from './mfa-user.js';

/**
 * A user with some properties replaced. Users may be of a class that keeps what it knows in accessors and private fields, or be
 * proxies or frozen: a copy would lose that, so everything else is still read from the very object.
 *
 * @param replaced asked for each time, so that they change with what they are taken from
 */
export function overlayUser(
  user: object,
  replaced: Readonly<Partial<Record<keyof MfaUser, () => unknown>>>,
): MfaUser {
  const read = (key: PropertyKey): unknown => {
    if (Object.hasOwn(replaced, key)) return replaced[key as keyof MfaUser]?.();
    const value: unknown = Reflect.get(user, key, user);
    // Private fields are there on the user alone.
    return typeof value === 'function' && key !== 'constructor' ? (value.bind(user) as unknown) : value;
  };
  // An empty target, which lays down no rules for what the traps may answer.
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
