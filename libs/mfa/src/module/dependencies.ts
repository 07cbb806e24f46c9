import type { InjectionToken } from '@nestjs/common';

/** What a class injects, through its constructor and its properties. */
export function dependenciesOf(type: object): InjectionToken[] {
  const read = <T>(key: string): T[] => (Reflect.getMetadata(key, type) as T[] | undefined) ?? [];
  const parameters = [...read<unknown>('design:paramtypes')];
  for (const { index, param } of read<{ index: number; param: unknown }>('self:paramtypes')) {
    parameters[index] = param;
  }
  const properties = read<{ type: unknown }>('self:properties_metadata').map(({ type: of }) => of);
  return [...parameters, ...properties].map(tokenOf);
}

/** Unwraps `{ token, optional }` and `forwardRef()`. */
export function tokenOf(dependency: unknown): InjectionToken {
  if (typeof dependency !== 'object' || dependency === null) return dependency as InjectionToken;
  const { token, forwardRef } = dependency as { token?: InjectionToken; forwardRef?: () => InjectionToken };
  return token ?? forwardRef?.() ?? (dependency as unknown as InjectionToken);
}
