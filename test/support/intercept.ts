type Method = (...args: unknown[]) => Promise<unknown>;
type With<K extends string> = Record<K, (...args: never[]) => Promise<unknown>>;

/** Does something right before the next call of that method: between a read and the commit that follows it, for example. */
export function beforeNext<K extends string>(owner: With<K>, name: K, work: () => Promise<unknown>): void {
  const methods = owner as unknown as Record<string, Method>;
  const usual = methods[name] as Method;
  methods[name] = async (...args) => {
    methods[name] = usual;
    await work();
    return Reflect.apply(usual, owner, args);
  };
}

/** The arguments of each call of that method during the work, even if the work fails. */
export async function callsDuring<K extends string>(
  owner: With<K>,
  name: K,
  work: () => Promise<unknown>,
): Promise<unknown[][]> {
  const methods = owner as unknown as Record<string, Method>;
  const usual = methods[name] as Method;
  const calls: unknown[][] = [];
  methods[name] = (...args) => {
    calls.push(args);
    return Reflect.apply(usual, owner, args);
  };
  await work().catch(() => undefined);
  methods[name] = usual;
  return calls;
}
