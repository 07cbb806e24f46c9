declare module '*/users.service.js' {
  export { UsersService } from './application.js';
}

/** Only what the pages use. */
declare module 'supertest' {
  interface Test extends Promise<{ status: number; body: unknown }> {
    set(headers: object): Test;
    expect(status: number): Test;
  }
  interface Agent {
    get(path: string): Test;
    post(path: string): Test;
  }
  const request: ((server: unknown) => Agent) & { agent(server: unknown): Agent };
  export default request;
}

declare module 'express-session' {
  const session: (options: {
    secret: string;
    resave: boolean;
    saveUninitialized: boolean;
    cookie: { sameSite: 'lax'; secure: boolean };
  }) => (request: object, response: object, next: () => void) => void;
  export default session;
}

declare module 'passport-local' {
  export class Strategy {
    constructor(options: { usernameField: string }, verify: (...given: unknown[]) => void);
    authenticate(request: object): void;
  }
}
