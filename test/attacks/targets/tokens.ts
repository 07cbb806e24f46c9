import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Test } from '@nestjs/testing';
import { MFA_CLOCK } from 'nestjs-mfa';

import '../../fit/support/environment.js';
import { startApplication } from '../../fit/support/start-application.js';
import { PASSWORD } from '../../fit/support/users.js';
import { ApiModule, SignInModule } from '../../fit/tokens.app.js';
import type { Example } from './examples.js';

/** What stands before both applications: the API has the reports, the other one all the rest. */
async function startGateway(api: string, rest: string): Promise<{ url: string; close(): void }> {
  const forward = (request: IncomingMessage, response: ServerResponse) => {
    const { url = '/', method, headers } = request;
    const to = `${url.startsWith('/reports') ? api : rest}${url}`;
    const passed = send(to, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  };
  const server = createServer(forward);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, close };
}

/** An API that reads access tokens and asks nobody, and the application that issues them; the session travels in a header. */
export async function tokensExample(): Promise<Example> {
  const signIn = await startApplication(SignInModule);
  const built = await Test.createTestingModule({ imports: [ApiModule] })
    .overrideProvider(MFA_CLOCK)
    .useValue(signIn.clock)
    .compile();
  const api = built.createNestApplication({ forceCloseConnections: true, logger: false });
  await api.listen(0, '127.0.0.1');
  const gateway = await startGateway(await api.getUrl(), signIn.url);
  return {
    close: async () => {
      gateway.close();
      await api.close();
      await signIn.app.close();
    },
    target: {
      name: 'the example with access tokens',
      iMayAttackThis: true,
      baseUrl: gateway.url,
      protectedRoute: '/reports',
      sessionHeader: 'x-mfa-session',
      settings: { freshSeconds: 300 },
      clock: signIn.clock,
      register: () => Promise.resolve({ email: `${randomUUID()}@example.com` }),
      signIn: (client, { email }) => client.post('/auth/login', { email, password: PASSWORD }),
      signOut: (client) => client.post('/auth/logout'),
      async afterAnswer(client, { asked, status, body }) {
        const { accessToken } = body;
        if (typeof accessToken === 'string') client.headers['authorization'] = `Bearer ${accessToken}`;
        // Who sets up a factor asks for a token that says so.
        if (asked.endsWith('/activate') && status === 201) await client.post('/auth/token');
      },
      logged: () => Promise.resolve(signIn.logger.lines.join('\n')),
    },
  };
}
