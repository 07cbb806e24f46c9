import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallHandler, CanActivate, ExecutionContext, NestInterceptor, Type } from '@nestjs/common';
import {
  Controller,
  Get,
  Injectable,
  Module,
  Req,
  Scope,
  UseGuards,
  UseInterceptors,
  applyDecorators,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { MfaUser } from 'nestjs-mfa';
import { AuthenticatorsController, MfaGuard, MfaSessionGuard, RequireMfa, SkipMfa } from 'nestjs-mfa';

import type { Client } from '../support/client.js';
import type { Enrolled, TestApp, TestAppOptions } from '../support/test-app.js';
import { TestAdapter, enroll, newUserId, startTestApp } from '../support/test-app.js';

interface AppRequest {
  headers: Record<string, string | undefined>;
  user?: { id?: string; isStaff?: boolean };
}

/** The application's own sign-in, as by a token: it believes a header. */
@Injectable()
class TokenGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<AppRequest>();
    const id = request.headers['x-token'];
    await Promise.resolve();
    if (id) request.user = { id };
    return true;
  }
}

@Injectable({ scope: Scope.REQUEST })
class RequestScopedTokenGuard extends TokenGuard {}

/** Like it, in the object that is there already. */
@Injectable()
class RenamingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<AppRequest>();
    const id = request.headers['x-token'];
    if (id) Object.assign((request.user ??= {}), { id });
    return true;
  }
}

@Injectable()
class TokenInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler) {
    const request = context.switchToHttp().getRequest<AppRequest>();
    const id = request.headers['x-token'];
    if (id) request.user = { id };
    return next.handle();
  }
}

/** Finds the request elsewhere, in an object that is made anew each time. */
@Injectable()
class EnvelopeGuard extends MfaGuard {
  protected override getRequest(context: ExecutionContext): object {
    const { headers, user } = context.switchToHttp().getRequest<AppRequest>();
    return { headers, ...(user ? { user } : {}) };
  }
}

@Injectable({ scope: Scope.REQUEST })
class ScopedMfaGuard extends MfaGuard {}

const own = { allow: UseGuards(MfaSessionGuard), require: RequireMfa(), token: UseGuards(TokenGuard) };

/** Every way to stand before a handler; each must refuse the session of one user with the token of another. */
const ON_HANDLER: Record<string, MethodDecorator> = {
  'token-above': applyDecorators(UseGuards(TokenGuard), RequireMfa()),
  'token-below': applyDecorators(RequireMfa(), UseGuards(TokenGuard)),
  'in-one-list': UseGuards(MfaGuard, TokenGuard),
  'request-scoped-token': applyDecorators(UseGuards(RequestScopedTokenGuard), RequireMfa()),
  'request-scoped-mfa': applyDecorators(UseGuards(TokenGuard), RequireMfa({}, ScopedMfaGuard)),
  'custom-guard': applyDecorators(UseGuards(TokenGuard), RequireMfa({}, EnvelopeGuard)),
  'custom-guard-alone': UseGuards(EnvelopeGuard, TokenGuard),
  'two-custom-guards': applyDecorators(
    UseGuards(TokenGuard),
    RequireMfa({}, EnvelopeGuard),
    RequireMfa({ maxAge: 200 }, ScopedMfaGuard),
  ),
  'renamed-in-place': applyDecorators(UseGuards(RenamingGuard), RequireMfa(), UseGuards(MfaSessionGuard)),
  'interceptor-above': applyDecorators(UseInterceptors(TokenInterceptor), RequireMfa()),
  'interceptor-below': applyDecorators(RequireMfa(), UseInterceptors(TokenInterceptor)),
  'session-require-token': applyDecorators(own.allow, own.require, own.token),
  'session-token-require': applyDecorators(own.allow, own.token, own.require),
  'require-session-token': applyDecorators(own.require, own.allow, own.token),
  'require-token-session': applyDecorators(own.require, own.token, own.allow),
  'token-session-require': applyDecorators(own.token, own.allow, own.require),
  'token-require-session': applyDecorators(own.token, own.require, own.allow),
};

const controllers: Type[] = [];

function whoAmI(path: string, onClass: ClassDecorator[], onHandler: MethodDecorator[]): void {
  class WhoController {
    @Get()
    who(@Req() { user }: AppRequest): object {
      return { user: user?.id ?? null };
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(WhoController.prototype, 'who') as PropertyDescriptor;
  for (const decorator of onHandler) decorator(WhoController.prototype, 'who', descriptor);
  for (const decorator of onClass) decorator(WhoController);
  Controller(`who/${path}`)(WhoController);
  controllers.push(WhoController);
}

for (const [path, decorator] of Object.entries(ON_HANDLER)) whoAmI(path, [], [decorator]);
whoAmI('require-on-class', [RequireMfa()], [UseGuards(TokenGuard)]);
whoAmI('custom-on-class', [RequireMfa({}, EnvelopeGuard)], [UseGuards(TokenGuard)]);
whoAmI('token-on-class', [UseGuards(TokenGuard)], [RequireMfa()]);
whoAmI('both-on-class', [RequireMfa(), UseGuards(TokenGuard)], []);
whoAmI('both-on-class-reversed', [UseGuards(TokenGuard), RequireMfa()], []);
whoAmI('interceptor-on-handler', [RequireMfa()], [UseInterceptors(TokenInterceptor)]);
const PATHS = [...Object.keys(ON_HANDLER), 'require-on-class', 'custom-on-class', 'token-on-class'].concat(
  'both-on-class',
  'both-on-class-reversed',
  'interceptor-on-handler',
);
whoAmI('skipped', [RequireMfa()], [SkipMfa(), UseGuards(TokenGuard)]);
whoAmI('global', [], []);
whoAmI('plain', [RequireMfa()], []);
whoAmI('feed', [RequireMfa({ allowUnenrolled: true })], [UseGuards(TokenGuard)]);

const PLATFORMS: Record<string, TestAppOptions['create']> = {
  Express: undefined,
  Fastify: (module, logger) =>
    module.createNestApplication(new FastifyAdapter(), { forceCloseConnections: true, logger }),
};

describe.each(Object.entries(PLATFORMS))('the principal that is judged, on %s', (_, create) => {
  let test: TestApp;
  let thief: Enrolled;
  let victim: Enrolled;
  const as = (session: Client, token: string): Client => {
    const client = test.client({ 'x-token': token });
    for (const [name, value] of session.cookies) client.cookies.set(name, value);
    return client;
  };
  beforeAll(async () => {
    test = await startTestApp({ controllers, ...(create ? { create } : {}) });
    thief = await enroll(test);
    victim = await enroll(test);
    test.clock.advance(-60);
  });
  afterAll(() => test.close());

  it.each(PATHS)('is the one that the handler sees: %s', async (path) => {
    const mixed = await as(thief.client, victim.id).get(`/who/${path}`);
    expect([mixed.status, mixed.body.code]).toEqual([401, 'mfa_required']);
    const honest = await as(victim.client, victim.id).get(`/who/${path}`);
    expect([honest.status, honest.body.user]).toEqual([200, victim.id]);
    // Without a token there is nobody but the session's user.
    expect((await thief.client.get(`/who/${path}`)).status).toBe(200);
  });

  it('is not asked about where nothing is required', async () => {
    const { status, body } = await as(thief.client, victim.id).get('/who/skipped');
    expect([status, body.user]).toEqual([200, victim.id]);
  });

  it('is somebody else for a user who has no factor, too', async () => {
    const stranger = newUserId();
    expect((await as(thief.client, stranger).get('/who/feed')).body).toEqual({ user: stranger });
    expect((await as(thief.client, victim.id).get('/who/feed')).body.code).toBe('mfa_required');
    expect((await as(thief.client, stranger).get('/who/token-above')).body.code).toBe(
      'mfa_enrollment_required',
    );
  });

  it('costs no further statement where nobody else is there', async () => {
    for (const path of ['plain', 'require-on-class', 'custom-guard', 'session-require-token']) {
      expect(await test.logger.statementsOf(() => thief.client.get(`/who/${path}`))).toHaveLength(1);
    }
    const honest = as(victim.client, victim.id);
    expect(await test.logger.statementsOf(() => honest.get('/who/token-below'))).toHaveLength(1);
  });
});

describe('guards of the whole application', () => {
  const start = (providers: object[], mfa: TestAppOptions['mfa'] = {}) => {
    @Module({ providers: providers as never[] })
    class GuardsModule {}
    return startTestApp({ controllers, mfa, imports: [GuardsModule] });
  };
  const useMfaGuard = { provide: APP_GUARD, useClass: MfaGuard };
  const useTokenGuard = { provide: APP_GUARD, useClass: TokenGuard };

  it.each([
    ['ours first', [useMfaGuard, useTokenGuard]],
    ['ours last', [useTokenGuard, useMfaGuard]],
    ['an interceptor that signs in', [useMfaGuard, { provide: APP_INTERCEPTOR, useClass: TokenInterceptor }]],
  ])('judge whom the handler sees: %s', async (_, providers) => {
    const test = await start(providers);
    const thief = await enroll(test);
    const victim = await enroll(test);
    test.clock.advance(-60);
    thief.client.headers['x-token'] = victim.id;
    expect((await thief.client.get('/who/global')).body.code).toBe('mfa_required');
    victim.client.headers['x-token'] = victim.id;
    expect((await victim.client.get('/who/global')).body).toEqual({ user: victim.id });
    await test.close();
  });
});

/** Our routes, behind a guard of the application's that runs after theirs. */
@Controller('late-token')
@UseGuards(TokenGuard)
class LateTokenRoutes extends AuthenticatorsController {}

describe('our own routes', () => {
  it('work with the user that the last guard has put there', async () => {
    const test = await startTestApp({ controllers: [LateTokenRoutes] });
    const thief = await enroll(test);
    const victim = await enroll(test);
    test.clock.advance(-60);
    const mixed = test.client({ 'x-token': victim.id });
    for (const [name, value] of thief.client.cookies) mixed.cookies.set(name, value);
    const ids = ({ body }: { body: { id: string }[] }) => body.map(({ id }) => id);
    // The token signs in as the victim, whose list that is; the session proves nothing for them.
    expect(ids(await mixed.get('/late-token'))).toContain(victim.authenticatorId);
    for (const { authenticatorId } of [victim, thief]) {
      expect((await mixed.delete(`/late-token/${authenticatorId}`)).body.code).toBe('mfa_required');
    }
    expect(ids(await thief.client.get('/late-token'))).toContain(thief.authenticatorId);
    await test.close();
  });
});

/** A guard of the application's that adds what it knows to the user that is there. */
@Injectable()
class PromotingGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { user } = context.switchToHttp().getRequest<{ user: { groups: string[] } }>();
    user.groups.push('admin');
    return true;
  }
}

class GroupAdapter extends TestAdapter {
  override isMfaRequired(user: MfaUser): boolean {
    return (user as MfaUser & { groups?: string[] }).groups?.includes('admin') === true;
  }
}

@Controller('promoted')
class PromotedController {
  @Get()
  @UseGuards(PromotingGuard)
  @RequireMfa({ allowUnenrolled: true })
  @UseGuards(MfaSessionGuard)
  get(): object {
    return {};
  }
}

describe('a user to whom a later guard adds a role in a list', () => {
  it('is judged with it', async () => {
    const test = await startTestApp({ adapter: GroupAdapter, controllers: [PromotedController] });
    const client = test.client();
    await client.post('/login', { id: newUserId(), groups: [] });
    const answer = await client.get('/promoted');
    expect([answer.status, answer.body.code]).toEqual([403, 'mfa_enrollment_required']);
    await test.close();
  });
});
