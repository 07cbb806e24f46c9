type Method = (...args: unknown[]) => Promise<unknown>;

/** Does something right before the next call of that method: between a read and the commit that follows it, for example. */
export function beforeNext<K extends string>(
  owner: Record<K, (...args: never[]) => Promise<unknown>>,
  name: K,
  work: () => Promise<unknown>,
): void {
  const methods = owner as unknown as Record<string, Method>;
  const usual = methods[name] as Method;
  methods[name] = async (...args) => {
    methods[name] = usual;
    await work();
    return Reflect.apply(usual, owner, args);
  };
}
