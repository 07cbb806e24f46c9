/** The parts of a request that this module reads; Express and Fastify both have them. */
export interface HttpRequest {
  method?: string;
  headers?: Record<string, string | string[] | undefined>;
}

/** The parts of a response that this module uses: Express's and Node's, or Fastify's. */
export interface HttpResponse {
  setHeader?(name: string, value: string | string[]): unknown;
  getHeader?(name: string): number | string | string[] | undefined;
  header?(name: string, value: string | string[]): unknown;
}

/** A header of the request as one string, or undefined. */
export function readHeader(request: object, name: string): string | undefined {
  const value = (request as HttpRequest).headers?.[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Sets a header; does nothing where there is no response, as in a message handler. */
export function setHeader(response: object | undefined, name: string, value: string): void {
  const target = response as HttpResponse | undefined;
  if (target?.setHeader) target.setHeader(name, value);
  else target?.header?.(name, value);
}

/** Adds a `Set-Cookie` header beside those that are there. */
export function addSetCookie(response: object | undefined, value: string): void {
  const target = response as HttpResponse | undefined;
  const present = target?.getHeader?.('set-cookie') ?? [];
  const cookies = [...(Array.isArray(present) ? present : [String(present)]), value];
  if (target?.setHeader) target.setHeader('set-cookie', cookies);
  // Fastify collects repeated Set-Cookie headers itself.
  else target?.header?.('set-cookie', value);
}
