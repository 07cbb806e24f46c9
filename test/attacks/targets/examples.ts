import { randomBytes, randomUUID } from 'node:crypto';

import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { AttackTarget } from 'nestjs-mfa/attacks';

import '../../fit/support/environment.js';
import { AppModule as FastifyModule, useSessions } from '../../fit/fastify.app.js';
import type { CreateApplication } from '../../fit/support/start-application.js';
import { startApplication } from '../../fit/support/start-application.js';
import { PASSWORD } from '../../fit/support/users.js';

interface User {
  email: string;
}

export interface Example {
  target: AttackTarget<User>;
  close(): Promise<void>;
}

async function start(name: string, module: Type, create?: CreateApplication): Promise<Example> {
  const test = await startApplication(module, create);
  return {
    close: () => test.app.close(),
    target: {
      name,
      iMayAttackThis: true,
      baseUrl: test.url,
      protectedRoute: '/reports',
      stepUpRoute: '/reports',
      settings: { freshSeconds: 300 },
      clock: test.clock,
      // Everybody who signs in exists from then on.
      register: () => Promise.resolve({ email: `${randomUUID()}@example.com` }),
      signIn: (client, { email }) => client.post('/login', { email, password: PASSWORD }),
      logged: () => Promise.resolve(test.logger.lines.join('\n')),
    },
  };
}

/** On Fastify, with the token in an encrypted session of the application’s. */
export async function fastifyExample(): Promise<Example> {
  process.env['SESSION_KEY'] = randomBytes(32).toString('base64');
  const example = await start('the example on Fastify', FastifyModule, async (module, logger) => {
    const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger });
    await useSessions(app);
    return app;
  });
  const signOut: AttackTarget['signOut'] = (client) => client.post('/logout');
  return { ...example, target: { ...example.target, signOut } };
}

/** An API for a page on another origin, which carries the token in a header. */
export async function headerExample(): Promise<Example> {
  const origin = 'http://localhost:4200';
  Object.assign(process.env, { WEB_ORIGIN: origin, PARTNER_ORIGIN: 'http://localhost:4300' });
  const { AppModule, allowPages } = await import('../../fit/spa/api.app.js');
  const example = await start('the example with the header', AppModule, (module, logger) => {
    const app = module.createNestApplication({ forceCloseConnections: true, logger });
    allowPages(app);
    return app;
  });
  return { ...example, target: { ...example.target, origin, sessionHeader: 'x-mfa-session' } };
}
