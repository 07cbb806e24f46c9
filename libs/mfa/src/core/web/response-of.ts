/**
 * The response that belongs to a request, as Express keeps it.
 *
 * @throws {Error} where the framework keeps none, as Fastify
 */
export function responseOf(request: object): object {
  const { res } = request as { res?: object };
  if (res) return res;
  throw new Error(
    'This request knows no response, which has to carry the new session token: give the response too',
  );
}
