import { noteAddress, noteAnswer, noteCookie } from './hygiene.js';
import { checkAnswer } from './openapi.js';

/** A server response. */
export interface Answer {
  status: number;
  // Tests read responses of every shape.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
  text: string;
  headers: Headers;
}

/** A minimal browser: it keeps cookies and sends JSON. */
export class Client {
  readonly cookies = new Map<string, string>();

  constructor(
    readonly url: string,
    /** Sent with every request. */
    readonly headers: Record<string, string> = {},
  ) {}

  get(path: string, headers?: Record<string, string>): Promise<Answer> {
    return this.send('GET', path, undefined, headers);
  }

  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
    return this.send('POST', path, body, headers);
  }

  patch(path: string, body?: unknown): Promise<Answer> {
    return this.send('PATCH', path, body);
  }

  delete(path: string, headers?: Record<string, string>): Promise<Answer> {
    return this.send('DELETE', path, undefined, headers);
  }

  /** Sends a body: strings unchanged, anything else as JSON. */
  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await this.fetch(this.url + path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...this.headers,
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      redirect: 'manual',
    });
    for (const address of [path, response.headers.get('location') ?? '']) noteAddress(this.url, address);
    const text = await response.text();
    const answer = { status: response.status, body: parse(text), text, headers: response.headers };
    noteAnswer(this.url, `${method} ${path}`, answer);
    if (process.env['MFA_CHECK_ANSWERS']) checkAnswer(method, path, answer);
    return answer;
  }

  /** Like `fetch` in a page: it sends and stores cookies. */
  readonly fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined));
    const cookies = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    if (cookies !== '' && !headers.has('cookie')) headers.set('cookie', cookies);
    const response = await fetch(input, { ...init, headers });
    for (const cookie of response.headers.getSetCookie()) this.keep(cookie);
    return response;
  };

  /** A copy of the client in its current state, such as a thief of its cookies would have. */
  clone(): Client {
    const copy = new Client(this.url, this.headers);
    for (const [name, value] of this.cookies) copy.cookies.set(name, value);
    return copy;
  }

  private keep(setCookie: string): void {
    const [pair = '', ...attributes] = setCookie.split(';').map((part) => part.trim());
    const separator = pair.indexOf('=');
    const name = pair.slice(0, separator);
    noteCookie(this.url, name, pair.slice(separator + 1));
    if (attributes.some((attribute) => attribute.toLowerCase() === 'max-age=0')) this.cookies.delete(name);
    else this.cookies.set(name, pair.slice(separator + 1));
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
