import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type {
  ArgumentsHost,
  CallHandler,
  ExceptionFilter,
  ExecutionContext,
  NestInterceptor,
} from '@nestjs/common';
import {
  BadGatewayException,
  Catch,
  ClassSerializerInterceptor,
  ConflictException,
  Injectable,
  Module,
  Scope,
} from '@nestjs/common';
import { APP_FILTER, HttpAdapterHost, Reflector } from '@nestjs/core';
import { MFA_ADAPTER, MfaException } from 'nestjs-mfa';
import type { Observable } from 'rxjs';
import { catchError, of, throwError } from 'rxjs';

import { PageAdapter } from '../pages/support.js';
import type { Client } from '../support/client.js';
import { PageClient } from '../support/page-client.js';
import { PLATFORMS } from '../support/platforms.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, TestAdapter, codeOf, enroll, halfSignIn, startTestApp } from '../support/test-app.js';

/** What many applications have: whatever was thrown is their own error. */
@Catch()
class CatchAllFilter implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(_error: unknown, host: ArgumentsHost): void {
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { oops: true }, 500);
  }
}

const PAGES = '/account/security';

describe.each(Object.entries(PLATFORMS))(
  'a catch-all filter and a serializer that leaves all out, of an application on %s',
  (_, create) => {
    let test: TestApp;
    beforeAll(async () => {
      test = await startTestApp({
        create: create(),
        adapter: PageAdapter,
        mfa: { webauthn: RELYING_PARTY, pages: true },
        configure: (app) => {
          app.useGlobalFilters(new CatchAllFilter(app.get(HttpAdapterHost)));
          app.useGlobalInterceptors(
            new ClassSerializerInterceptor(app.get(Reflector), { strategy: 'excludeAll' }),
          );
        },
      });
    });
    afterAll(() => test.close());

    /** The application's own route answers as its serializer says. */
    const passFirstFactor = async (id: string): Promise<Client> => {
      const client = test.client();
      await client.post('/login', { id });
      return client;
    };

    it('leave what the routes answer as it is', async () => {
      const { client, id, secret } = await enroll(test);
      expect((await client.get('/mfa/status')).body).toMatchObject({
        enabled: true,
        methods: ['totp', 'recovery_codes'],
      });
      expect((await client.get('/mfa/authenticators')).body).toMatchObject([
        { type: 'totp' },
        { type: 'recovery_codes' },
      ]);
      expect((await client.post('/mfa/recovery-codes')).body.codes).toHaveLength(10);
      expect((await client.post('/mfa/webauthn/options')).body).toMatchObject({ rp: { id: 'example.com' } });
      const half = await passFirstFactor(id);
      const { body } = await half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) });
      expect(body).toMatchObject({
        status: 'authenticated',
        proven: [{ method: 'pwd' }, { method: 'totp' }],
      });
    });

    it('leave the code of what they refuse', async () => {
      const { client, id } = await enroll(test);
      const half = await passFirstFactor(id);
      const answers = [
        await half.post('/mfa/authenticate', { code: '000000' }),
        await half.post('/mfa/authenticate', { code: {} }),
        await test.client().get('/mfa/status'),
        await test.client().get('/protected'),
        await client.get('/protected/phishing-resistant'),
        await client.delete('/mfa/authenticators/0190a8d0-0000-7000-8000-000000000000'),
        await client.post('/mfa/totp', {}, { 'sec-fetch-site': 'cross-site' }),
      ];
      expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
        [400, 'incorrect_code'],
        [400, 'invalid_request'],
        [401, 'unauthenticated'],
        [401, 'unauthenticated'],
        [403, 'mfa_enrollment_required'],
        [404, 'not_found'],
        [403, 'cross_origin'],
      ]);
      expect(answers[3]?.headers.get('www-authenticate')).toContain('Bearer');
    });

    it('leave pages pages, and redirects redirects', async () => {
      const { client, id, secret } = await enroll(test);
      const half = PageClient.of(await passFirstFactor(id));
      expect(PageClient.location(await half.get('/protected'))).toContain(`${PAGES}/authenticate?next=`);
      const wrong = await half.submit(`${PAGES}/authenticate`, { code: '000000' });
      expect([wrong.status, wrong.headers.get('content-type')]).toEqual([
        422,
        expect.stringContaining('html'),
      ]);
      test.clock.advance(30);
      const right = await half.submit(`${PAGES}/authenticate`, { code: codeOf(secret, test.clock) });
      expect([right.status, PageClient.location(right)]).toEqual([303, PAGES]);
      expect((await PageClient.of(client).get(`${PAGES}/nowhere`)).status).not.toBe(200);
    });
  },
);

/** What the application's own code throws, which only the application knows how to answer. */
class OutOfStock extends Error {}

class ThrowingAdapter extends TestAdapter {
  isOut = false;

  override completeLogin(): Record<string, unknown> {
    if (this.isOut) throw new OutOfStock();
    return {};
  }
}

/** Answers every error with one of the application's. */
class MappingInterceptor implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next
      .handle()
      .pipe(
        catchError((error: unknown) =>
          throwError(() =>
            error instanceof OutOfStock ? new ConflictException() : new BadGatewayException(),
          ),
        ),
      );
  }
}

/** Makes an answer of every error. */
class SwallowingInterceptor implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(catchError(() => of({ ok: false })));
  }
}

describe.each([
  ['maps errors', new MappingInterceptor()],
  ['makes answers of errors', new SwallowingInterceptor()],
])('an interceptor that %s', (_, interceptor) => {
  let test: TestApp;
  beforeAll(async () => {
    test = await startTestApp({
      adapter: PageAdapter,
      mfa: { webauthn: RELYING_PARTY, pages: true },
      configure: (app) => app.useGlobalInterceptors(interceptor),
    });
  });
  afterAll(() => test.close());

  it('leaves the code of what a handler or a pipe refuses', async () => {
    const { client, id, secret } = await enroll(test);
    const half = await halfSignIn(test, { id });
    const answers = [
      await half.post('/mfa/authenticate', { code: '000000' }),
      await half.post('/mfa/authenticate', { code: {} }),
      await client.delete('/mfa/authenticators/0190a8d0-0000-7000-8000-000000000000'),
      await half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) }),
    ];
    expect(answers.map(({ status, body }) => [status, body.code ?? body.status])).toEqual([
      [400, 'incorrect_code'],
      [400, 'invalid_request'],
      [404, 'not_found'],
      [200, 'authenticated'],
    ]);
  });

  it('leaves what a page refuses', async () => {
    const { client } = await enroll(test);
    expect((await PageClient.of(client).get(`${PAGES}/webauthn/nothing/edit`)).status).toBe(404);
  });
});

it('an interceptor maps what a hook throws, which is no refusal of this module', async () => {
  const test = await startTestApp({
    adapter: ThrowingAdapter,
    configure: (app) => app.useGlobalInterceptors(new MappingInterceptor()),
  });
  const { id, secret } = await enroll(test);
  const half = await halfSignIn(test, { id });
  test.app.get<ThrowingAdapter>(MFA_ADAPTER).isOut = true;
  expect((await half.post('/mfa/authenticate', { code: codeOf(secret, test.clock) })).status).toBe(409);
  await test.close();
});

@Injectable({ scope: Scope.REQUEST })
@Catch()
class ScopedCatchAllFilter extends CatchAllFilter {}

/** The application's own way to tell what this module refuses. */
@Injectable({ scope: Scope.REQUEST })
@Catch(MfaException)
class ScopedOwnFilter implements ExceptionFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch({ code }: MfaException, host: ArgumentsHost): void {
    this.host.httpAdapter.reply(host.switchToHttp().getResponse(), { refused: code }, 418);
  }
}

describe.each(Object.entries(PLATFORMS))('request-scoped filters of an application on %s', (_, create) => {
  const started = (...filters: (typeof ScopedCatchAllFilter | typeof ScopedOwnFilter)[]) => {
    @Module({ providers: filters.map((useClass) => ({ provide: APP_FILTER, useClass })) })
    class FilterModule {}
    return startTestApp({
      create: create(),
      adapter: TestAdapter,
      mfa: { pages: true },
      imports: [FilterModule],
    });
  };

  it('leave the code of what the guard refuses, and its redirects', async () => {
    const test = await started(ScopedCatchAllFilter);
    const { client, id } = await enroll(test);
    const half = await halfSignIn(test, { id });
    const { status, body } = await client.get('/protected/phishing-resistant');
    expect([status, body.code]).toEqual([403, 'mfa_enrollment_required']);
    expect((await test.client().get('/protected')).body.code).toBe('unauthenticated');
    const redirect = await half.get('/protected', { accept: 'text/html' });
    expect([redirect.status, PageClient.location(redirect)]).toEqual([
      303,
      `${PAGES}/authenticate?next=%2Fprotected`,
    ]);
    // What the application's own code throws is still theirs.
    expect((await client.post('/login', {})).body).toEqual({ oops: true });
    await test.close();
  });

  it('tell what the guard refuses if that is what they are for', async () => {
    const test = await started(ScopedOwnFilter, ScopedCatchAllFilter);
    const { status, body } = await test.client().get('/protected');
    expect([status, body]).toEqual([418, { refused: 'unauthenticated' }]);
    await test.close();
  });
});
