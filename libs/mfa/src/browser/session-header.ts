/** As `fetch` of the browser. */
export type Fetch = (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;

/** Keeps the session token of the header transport in memory: no other script of the page finds it in a store. */
export interface SessionToken {
  value: string | null;
}

/** Value of the session header with which a client without a token asks for one. */
const NEW_TOKEN = 'new';

/**
 * A fetch that sends the session token in the header, and follows it when an answer brings another one. Requests to other
 * origins than the API's go out as they are: the token is nobody else's business. So no redirect is followed either, which
 * would carry the header along to wherever it leads (Fetch, section 4.4, takes only `Authorization` away).
 */
export function withSessionHeader(fetch: Fetch, header: string, token: SessionToken, baseUrl: string): Fetch {
  return async (input, init) => {
    const request =
      input instanceof Request ? input : { url: input, headers: undefined, redirect: undefined };
    if (originOf(request.url) !== originOf(baseUrl)) return fetch(input, init);
    const headers = new Headers(init?.headers ?? request.headers);
    headers.set(header, token.value ?? NEW_TOKEN);
    const isManual = (init?.redirect ?? request.redirect) === 'manual';
    const response = await fetch(input, { ...init, headers, redirect: isManual ? 'manual' : 'error' });
    token.value = response.headers.get(header) ?? token.value;
    return response;
  };
}

function originOf(url: string | URL): string {
  // Outside a page, as on a server, only full addresses have an origin.
  return new URL(url, globalThis.location?.href ?? 'http://localhost').origin;
}
