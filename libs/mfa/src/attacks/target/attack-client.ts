import type { AttackAnswer } from './attack-answer.js';
import { textOf } from './attack-answer.js';
import { parseSetCookie } from './seen-cookies.js';
import type { Wire } from './wire.js';

export interface AttackRequest {
  /** Sent as JSON, or unchanged if it is text. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Sends the request to the second instance, if there is one. */
  isToSecond?: boolean;
}

/** A separate browser or other client: it has its own cookies and headers, and doesn't follow redirects. */
export class AttackClient {
  readonly cookies = new Map<string, string>();
  /** Sent with every request. Put an access token of the application here. */
  readonly headers: Record<string, string> = {};
  /** The session's token, if the target transports it in a header. */
  token: string | undefined;

  constructor(private readonly wire: Wire) {}

  get(path: string, request?: AttackRequest): Promise<AttackAnswer> {
    return this.send('GET', path, request);
  }

  post(path: string, body?: unknown, request: AttackRequest = {}): Promise<AttackAnswer> {
    return this.send('POST', path, { ...request, body });
  }

  patch(path: string, body?: unknown): Promise<AttackAnswer> {
    return this.send('PATCH', path, { body });
  }

  delete(path: string): Promise<AttackAnswer> {
    return this.send('DELETE', path);
  }

  /** Sends a request to the routes of nestjs-mfa: `client.mfa('POST', '/authenticate', { code })`. */
  mfa(method: string, path: string, body?: unknown, request: AttackRequest = {}): Promise<AttackAnswer> {
    return this.send(method, this.wire.mfaPath + path, { ...request, body });
  }

  /** @throws {Error} if the target doesn't respond in time, or the path leads to another host */
  async send(method: string, path: string, request: AttackRequest = {}): Promise<AttackAnswer> {
    const answer = await this.wire.send(method, path, {
      ...request,
      headers: { ...this.own(method), ...this.headers, ...request.headers },
    });
    for (const cookie of answer.headers.getSetCookie()) this.keep(cookie);
    const token = textOf(answer.body['sessionToken']);
    if (this.wire.sessionHeader !== undefined && token !== '') this.token = token;
    await this.wire.afterAnswer?.(this, answer);
    return answer;
  }

  /** Copies the client in its current state, as somebody would who steals its cookies and tokens. */
  copy(): AttackClient {
    const copy = new AttackClient(this.wire);
    for (const [name, value] of this.cookies) copy.cookies.set(name, value);
    Object.assign(copy.headers, this.headers);
    copy.token = this.token;
    return copy;
  }

  /** Everything that may open the session, however it is transported. */
  get secrets(): string[] {
    return [...this.cookies.values(), ...Object.values(this.headers), this.token ?? ''].filter(
      (one) => one.length >= 8,
    );
  }

  private own(method: string): Record<string, string> {
    const { sessionHeader, origin } = this.wire;
    const cookies = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return {
      accept: 'application/json',
      // Like a browser.
      ...(method === 'GET' || method === 'HEAD' ? {} : { origin, 'sec-fetch-site': 'same-origin' }),
      ...(cookies === '' ? {} : { cookie: cookies }),
      ...(sessionHeader === undefined ? {} : { [sessionHeader]: this.token ?? 'new' }),
    };
  }

  private keep(line: string): void {
    const cookie = parseSetCookie(line);
    this.wire.cookies.note(cookie);
    if (cookie.isOver) this.cookies.delete(cookie.name);
    else this.cookies.set(cookie.name, cookie.value);
  }
}
