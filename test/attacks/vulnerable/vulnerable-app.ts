import { createHash } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';

import type { Fault } from './faults.js';
import { ORIGIN } from './keys.js';
import { MfaRoutes } from './mfa-routes.js';
import type { Call } from './mfa-routes.js';
import { Refusal } from './refusal.js';
import type { Session, Trust } from './state.js';
import { A_MOMENT, State } from './state.js';

type Json = Record<string, unknown>;

const PENDING_MS = 900_000;
const SESSION_MS = 43_200_000;
const IDLE_MS = 3_600_000;
const FRESH_MS = 300_000;
const UNSAFE = ['POST', 'PATCH', 'DELETE'];

/** An application by hand, which speaks the routes of nestjs-mfa. Without faults it holds; each fault is on by its name. */
export class VulnerableApp {
  readonly state: State;
  url = '';
  private readonly mfa: MfaRoutes;
  private readonly server: Server;

  constructor(...faults: Fault[]) {
    this.state = new State(new Set(faults));
    this.mfa = new MfaRoutes(this.state);
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** The application's own routes. */
  private readonly own: Record<string, (call: Call) => unknown> = {
    'POST /register': () => {
      const { id, email } = this.state.newUser();
      return { id, email };
    },
    'POST /register-staff': () => {
      const { id, email } = this.state.newUser({ isStaff: true });
      return { id, email };
    },
    'POST /login/:id': (call) => this.login(call, false),
    'POST /magic-link/:id': (call) => this.login(call, this.state.has('other-ways-in')),
    'POST /reauthenticate': () => ({}),
    'POST /password': ({ session }) => {
      const { state } = this;
      if (session?.status !== 'authenticated') throw new Refusal(401, 'unauthenticated');
      const { userId } = session;
      if (!state.has('trust-survives-password'))
        state.trusts = state.trusts.filter((one) => one.userId !== userId);
      if (!state.has('password-change-ends-nothing'))
        state.endSessions(userId, session, ({ status }) => status === 'pending');
    },
    'GET /reports': (call) => {
      if (!this.state.has('guards-paths')) this.guard(call);
      return { turnover: 42 };
    },
    'POST /transfer': async (call) => {
      const { state } = this;
      this.guard(call);
      if (state.has('spends-late')) await pause(A_MOMENT);
      if (call.session && !state.has('never-spends')) call.session.provenAt = 0;
      return { transferred: true };
    },
    'GET /step-up': (call) => {
      this.guard(call, this.state.has('no-max-age') ? Infinity : FRESH_MS);
      return { turnover: 43 };
    },
  };

  private async login(call: Call, isComplete: boolean): Promise<unknown> {
    const { state } = this;
    const user = state.users.get(call.id);
    if (!user) throw new Refusal(401, 'unauthenticated');
    if (state.has('sign-in-renews-attempts')) state.attempts.delete(user.id);
    const trust = this.trustIn(call.headers['cookie'], user.id);
    const isTrusted = trust !== undefined;
    if (state.has('claims-trust-late')) await pause(A_MOMENT);
    if (trust && !state.has('trust-stays-the-same')) {
      trust.token = state.newToken();
      call.setCookie('trust', trust.token);
    }
    const owed = user.authenticators.filter(({ isLost }) => !isLost || !state.has('loss-counts-as-removal'));
    const isPending = owed.length > 0 && !isTrusted && !isComplete;
    const session = state.begin(user.id, isPending ? 'pending' : 'authenticated');
    const isForgiven = owed.length < user.authenticators.length && owed.length === 0;
    if (isComplete || isForgiven || (isTrusted && state.has('trust-proves'))) state.prove(session, 'totp');
    call.setCookie('sid', session.token);
    return { status: isPending ? 'mfa_required' : 'authenticated' };
  }

  private trustIn(cookies: unknown, userId: string): Trust | undefined {
    const { state } = this;
    const token = /(?:^|; )trust=([^;]*)/.exec(String(cookies))?.[1] ?? '';
    return state.trusts.find((one) => {
      const isSame = state.has('trust-by-beginning')
        ? one.token.slice(0, 20) === token.slice(0, 20)
        : one.token === token;
      return isSame && (one.userId === userId || state.has('trust-of-anybody'));
    });
  }

  /** The second factor was proven in this session, lately enough. */
  private guard({ session }: Call, maxAge = Infinity): void {
    const { state } = this;
    if (state.has('guards-nothing')) return;
    if (!session) throw new Refusal(401, 'unauthenticated');
    if (session.status === 'pending' && state.has('pending-is-signed-in')) return;
    const isProven = session.status === 'authenticated' && session.provenAt > 0;
    if (!isProven || session.provenAt <= state.now - maxAge) throw new Refusal(401, 'mfa_required');
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { state } = this;
    const { headers } = request;
    if (!state.has('may-be-kept')) response.setHeader('Cache-Control', 'no-store');
    if (state.has('any-reader') && headers.origin) {
      response.setHeader('Access-Control-Allow-Origin', headers.origin);
      response.setHeader('Access-Control-Allow-Credentials', 'true');
    }
    try {
      const answer = await this.answer(request, response);
      response.statusCode = answer === undefined ? 204 : 200;
      response.setHeader('Content-Type', 'application/json');
      response.end(answer === undefined ? undefined : JSON.stringify(answer));
    } catch (error) {
      const { status, code } = error instanceof Refusal ? error : { status: 500, code: 'internal' };
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify({ code }));
    }
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const { state } = this;
    const { headers } = request;
    const url = new URL(request.url ?? '', this.url);
    const method = this.methodOf(request, url);
    const raw = await text(request);
    this.assertSameOrigin(method, headers);
    const cookies: Json = {};
    const setCookie = (name: string, value: string) => {
      cookies[name] = value;
      const isReadable = state.has('readable-cookie') || (state.has('readable-trust') && name === 'trust');
      const attributes = [
        ...(value === '' ? ['Max-Age=0'] : []),
        ...(isReadable ? [] : ['HttpOnly']),
        ...(state.has('unencrypted-cookie') ? [] : ['Secure']),
        `SameSite=${state.has('cookie-of-all-sites') ? 'None' : 'Lax'}`,
      ];
      response.appendHeader('Set-Cookie', `${name}=${value}; Path=/; ${attributes.join('; ')}`);
    };
    const session = this.sessionOf(headers);
    const body = this.bodyOf(raw, headers);
    const path = state.has('guards-paths')
      ? decodeURIComponent(url.pathname).replace(/\/$/, '')
      : url.pathname;
    const [id, route] = this.routeOf(method, path);
    const call: Call = { session, body, query: url.searchParams, headers, id, setCookie };
    if (state.has('guards-paths') && request.url === '/reports') this.guard(call);
    if (state.isBroken) return this.withoutStorage();
    return route(call);
  }

  /** What every request comes to that needs the database. */
  private withoutStorage(): object {
    if (this.state.has('fails-open')) return { status: 'authenticated' };
    throw new Refusal(503, 'storage_unavailable');
  }

  private methodOf({ method = 'GET', headers }: IncomingMessage, url: URL): string {
    if (!this.state.has('method-in-disguise')) return method;
    return url.searchParams.get('_method') ?? String(headers['x-http-method-override'] ?? method);
  }

  private assertSameOrigin(method: string, headers: Json): void {
    const { state } = this;
    if (!UNSAFE.includes(method) || state.has('any-site')) return;
    if (state.has('text-is-json') && headers['content-type'] === 'text/plain') return;
    if (headers['sec-fetch-site'] === 'cross-site') throw new Refusal(403, 'cross_origin');
    const { origin } = headers;
    if (origin !== undefined && origin !== ORIGIN) throw new Refusal(403, 'cross_origin');
  }

  private sessionOf({ cookie, authorization }: Json): Session | null {
    const { state } = this;
    const bearer = /^Bearer (.+)$/.exec(String(authorization))?.[1];
    const known = state.has('any-token-as-bearer') && bearer ? state.sessions.get(bearer) : undefined;
    if (known) return { ...known, status: 'authenticated', provenAt: state.now };
    const token = /(?:^|; )sid=([^;]*)/.exec(String(cookie))?.[1];
    if (token === undefined) return null;
    const session = state.sessions.get(token);
    const [somebody] = state.sessions.values();
    if (!session) return state.has('makes-sessions-up') ? (somebody ?? null) : null;
    if (this.isOver(session)) return null;
    session.usedAt = state.now;
    return session;
  }

  private isOver({ status, since, usedAt }: Session): boolean {
    const { state } = this;
    if (status === 'pending') return since < state.now - PENDING_MS && !state.has('pending-never-ends');
    if (since < state.now - SESSION_MS && !state.has('sessions-never-end')) return true;
    return usedAt < state.now - IDLE_MS && !state.has('unused-sessions-never-end');
  }

  private bodyOf(raw: string, headers: Json): Json {
    if (raw === '') return {};
    const isJson = String(headers['content-type']).includes('json');
    if (!isJson && !this.state.has('any-site') && !this.state.has('text-is-json')) return {};
    try {
      const parsed: unknown = JSON.parse(raw);
      if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Json;
    } catch {
      if (!isJson) return {};
    }
    throw new Refusal(400, 'invalid_request');
  }

  private routeOf(method: string, path: string): [string, (call: Call) => unknown] {
    const isOfMfa = path.startsWith('/mfa/');
    const table: Record<string, (call: Call) => unknown> = isOfMfa ? this.mfa.table : this.own;
    const asked = `${method} ${isOfMfa ? path.slice(4) : path}`;
    const exact = table[asked];
    if (exact) return ['', exact];
    const [, start = '', id = ''] = /^(.*\/)([^/]+)$/.exec(asked) ?? [];
    const withId = table[`${start}:id`];
    if (withId) return [id, withId];
    const [, before = '', inner = '', end = ''] = /^(.*\/)([^/]+)(\/[^/]+)$/.exec(asked) ?? [];
    const withInner = table[`${before}:id${end}`];
    if (withInner) return [inner, withInner];
    throw new Refusal(404, 'not_found');
  }

  /** What a dump of its database would show. */
  dump(): string {
    const { state } = this;
    const kept = (secret: string) =>
      state.has('stores-secrets') ? secret : createHash('sha256').update(secret).digest('hex');
    return JSON.stringify({
      users: [...state.users.values()].map(({ id, email, authenticators, recoveryCodes }) => ({
        id,
        email,
        // A real one would encrypt these.
        secrets: authenticators.map(({ secret }) => kept(secret)),
        recoveryCodes: [...recoveryCodes].map(kept),
      })),
      sessions: [...state.sessions.values()].map(({ id, token }) => ({ id, token: kept(token) })),
      trusts: state.trusts.map(({ token }) => (state.has('stores-trust') ? token : kept(token))),
    });
  }

  removeUser(id: string): void {
    const { state } = this;
    if (state.has('never-looks-users-up')) return;
    state.users.delete(id);
    state.endSessions(id);
  }

  reset(id: string): void {
    const { state } = this;
    const user = state.users.get(id);
    if (!user) return;
    if (state.has('reset-ends-nothing')) return;
    user.authenticators = [];
    user.recoveryCodes.clear();
    state.factorsChanged(user);
    state.endSessions(id);
  }
}
