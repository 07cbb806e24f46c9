import { MfaClientError } from './mfa-client-error.js';
import { readBody, toRefusal } from './refusal.js';
import type { Fetch, SessionToken } from './session-header.js';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

export interface CallOptions {
  body?: object;
  signal?: AbortSignal | undefined;
}

/** Sends one request to the API and reads its response; the caller states its type. */
export type Call = <Answer>(method: Method, path: string, options?: CallOptions) => Promise<Answer>;

export type HeadersOption = HeadersInit | (() => HeadersInit | Promise<HeadersInit>);

interface Channel {
  baseUrl: string;
  fetch: Fetch;
  credentials: RequestCredentials;
  headers: HeadersOption;
  token: SessionToken;
}

export function createCall({ baseUrl, fetch, credentials, headers, token }: Channel): Call {
  return async <Answer>(
    method: Method,
    path: string,
    { body, signal }: CallOptions = {},
  ): Promise<Answer> => {
    const all = new Headers(typeof headers === 'function' ? await headers() : headers);
    all.set('accept', 'application/json');
    // The API never redirects. Following a redirect would pass on the request's codes and tokens.
    const init: RequestInit = { method, headers: all, credentials, redirect: 'error' };
    if (signal) init.signal = signal;
    if (body) {
      all.set('content-type', 'application/json');
      init.body = JSON.stringify(body);
    }
    const { response, answer } = await send(fetch, baseUrl + path, init);
    if (!response.ok) throw toRefusal(response, answer);
    // A page instead of JSON: something else handles this route.
    if (typeof answer === 'string') {
      throw new MfaClientError('unexpected_answer', 'The answer is not JSON.', response.status);
    }
    // If CORS hides the response header, the body still has the token.
    const { sessionToken } = (answer ?? {}) as { sessionToken?: string };
    if (sessionToken !== undefined) token.value = sessionToken;
    return answer as Answer;
  };
}

async function send(fetch: Fetch, url: string, init: RequestInit) {
  try {
    const response = await fetch(url, init);
    return { response, answer: await readBody(response) };
  } catch (cause) {
    const isAborted = init.signal?.aborted === true;
    throw isAborted
      ? new MfaClientError('ceremony_cancelled', 'It was cancelled.', 0, {}, { cause })
      : new MfaClientError('network', 'The server could not be reached.', 0, {}, { cause });
  }
}
