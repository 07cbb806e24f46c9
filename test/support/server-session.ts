import { randomUUID } from 'node:crypto';

import type { INestApplication } from '@nestjs/common';

const COOKIE = 'app.sid';

type Callback = (error?: unknown) => void;

/** A server-side session, with what Passport needs. */
export interface ServerSession extends Record<string, unknown> {
  regenerate(callback: Callback): void;
  save(callback: Callback): void;
}

interface Request {
  headers: { cookie?: string };
  session?: ServerSession;
}

interface Response {
  cookie(name: string, value: string, options: object): void;
}

/** An application's own sessions, like `express-session`: identified by a cookie, stored in memory. */
export class ServerSessions {
  readonly kept = new Map<string, Record<string, unknown>>();

  readonly use = (app: INestApplication): void => {
    app.use((request: Request, response: Response, next: Callback) => {
      const id = new RegExp(`${COOKIE}=([\\w-]+)`).exec(request.headers.cookie ?? '')?.[1] ?? '';
      if (this.kept.has(id)) this.continue(id, request, response);
      else this.start(request, response);
      next();
    });
  };

  private start(request: Request, response: Response): void {
    const id = randomUUID();
    this.kept.set(id, {});
    response.cookie(COOKIE, id, { httpOnly: true, sameSite: 'lax', secure: true });
    this.continue(id, request, response);
  }

  /** As in `express-session`, the methods belong to the request, not to the session data. */
  private continue(id: string, request: Request, response: Response): void {
    const methods: Record<string | symbol, unknown> = {
      save: (callback: Callback) => callback(),
      regenerate: (callback: Callback) => {
        this.kept.delete(id);
        this.start(request, response);
        callback();
      },
    };
    const get = (held: object, name: string | symbol): unknown => methods[name] ?? Reflect.get(held, name);
    request.session = new Proxy(this.kept.get(id) ?? {}, { get }) as ServerSession;
  }
}
