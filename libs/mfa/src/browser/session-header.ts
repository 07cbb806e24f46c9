/** Like the browser's `fetch`. */
export type Fetch = (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;

/**
 * Holds the session token of the header transport in memory, where no other script of the page can find it, unlike in
 * browser storage.
 */
export interface SessionToken {
  value: string | null;
}

/** The header value with which a client that has no token requests one. */
const NEW_TOKEN = 'new';

/**
 * A fetch that sends the session token in the header, and updates it when a response brings a new one. Requests to
 * other origins than the API's are sent unchanged, so that they don't learn the token. For the same reason it follows
 * no redirects, which would carry the header to wherever they lead (Fetch, section 4.4, only removes `Authorization`).
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
  // Outside a page, such as on a server, only absolute URLs have an origin.
  return new URL(url, globalThis.location?.href ?? 'http://localhost').origin;
}
