import { randomUUID } from 'node:crypto';

import type { INestApplication } from '@nestjs/common';

const COOKIE = 'app.sid';

type Callback = (error?: unknown) => void;

/** A session that is kept on the server, as far as Passport asks for one. */
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

/** Sessions of an application's own, as `express-session` has them: each under the id in a cookie, in memory here. */
export class ServerSessions {
  readonly kept = new Map<string, ServerSession>();

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
    const session = {} as ServerSession;
    // As in `express-session`, the methods are not among what a session holds: Passport may copy that into the next one.
    hide(session, 'save', (callback) => callback());
    this.kept.set(id, session);
    response.cookie(COOKIE, id, { httpOnly: true });
    this.continue(id, request, response);
  }

  private continue(id: string, request: Request, response: Response): void {
    const session = this.kept.get(id) as ServerSession;
    hide(session, 'regenerate', (callback) => {
      this.kept.delete(id);
      this.start(request, response);
      callback();
    });
    request.session = session;
  }
}

function hide(
  session: ServerSession,
  name: 'regenerate' | 'save',
  value: (callback: Callback) => void,
): void {
  Object.defineProperty(session, name, { value, enumerable: false, configurable: true });
}
