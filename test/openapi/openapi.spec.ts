import { readFileSync, readdirSync, writeFileSync } from 'node:fs';

import { METHOD_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import type { OpenAPIObject } from '@nestjs/swagger';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MFA_ERRORS, MfaModule, describeMfa, emailCode, smsCode } from 'nestjs-mfa';
import { format, resolveConfig } from 'prettier';

import { DOCUMENT_FILE } from '../support/openapi.js';
import type { TestApp } from '../support/test-app.js';
import { RELYING_PARTY, TestAdapter, startTestApp } from '../support/test-app.js';

class SendingAdapter extends TestAdapter {
  override sendMessage(): void {
    // Nobody reads it.
  }
}

// The document is data to the test.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Json = any;

const config = new DocumentBuilder()
  .setTitle('nestjs-mfa')
  .setDescription(
    'The JSON routes of the module. Its options decide which of them are there, and below which path.',
  )
  .setVersion('1')
  .build();

/** Everything below a value, itself included. */
function* within(value: Json): Generator<Json> {
  yield value;
  if (typeof value === 'object' && value !== null) {
    for (const one of Object.values(value)) yield* within(one);
  }
}

describe('the OpenAPI document', () => {
  let test: TestApp;
  let plain: OpenAPIObject;
  let document: OpenAPIObject;

  beforeAll(async () => {
    test = await startTestApp({
      mfa: {
        webauthn: RELYING_PARTY,
        passkeyLogin: true,
        pages: true,
        factors: [emailCode(), smsCode()],
        trustedDevices: { enabled: true },
      },
      adapter: SendingAdapter,
    });
    const options = { include: [MfaModule] };
    plain = SwaggerModule.createDocument(test.app, config, options);
    document = describeMfa(test.app, SwaggerModule.createDocument(test.app, config, options));
  });

  afterAll(() => test.close());

  const operationsOf = ({ paths }: OpenAPIObject) =>
    Object.entries<Json>(paths).flatMap(([path, methods]) =>
      Object.entries<Json>(methods).map(([method, operation]) => ({ path, method, operation })),
    );

  /** The headers of the answer to a second factor that carry the session's token. */
  const tokenHeadersOf = ({ paths }: OpenAPIObject) =>
    Object.keys((paths as Json)['/mfa/authenticate'].post.responses[200].headers).filter(
      (name) => name !== 'Cache-Control',
    );

  it('is the one that is checked in', async () => {
    const style = await resolveConfig(DOCUMENT_FILE);
    const made = await format(JSON.stringify(document), { ...style, parser: 'json' });
    if (process.env['MFA_WRITE_OPENAPI']) writeFileSync(DOCUMENT_FILE, made);
    expect(made).toBe(readFileSync(DOCUMENT_FILE, 'utf8'));
  });

  it('has every JSON route of the module, and no page', () => {
    const handlers = [...test.app.get(ModulesContainer).values()]
      .filter(({ metatype }) => metatype === MfaModule)
      .flatMap(({ controllers }) => [...controllers.values()])
      .flatMap(({ metatype, instance }) => {
        if (Reflect.getMetadata('nestjs-mfa:route-kind', metatype as object) !== 'json') return [];
        const prototype = Object.getPrototypeOf(Object.getPrototypeOf(instance));
        return Object.getOwnPropertyNames(prototype).map((name) => prototype[name] as object);
      })
      .filter((handler) => Reflect.getMetadata(METHOD_METADATA, handler) !== undefined);
    expect(handlers.length).toBeGreaterThan(20);
    const operations = operationsOf(plain);
    expect(operations).toHaveLength(handlers.length);
    expect(operations.filter(({ path }) => !path.startsWith('/mfa'))).toEqual([]);
    expect(operations.filter(({ operation }) => !/^mfa[A-Z]/.test(operation.operationId))).toEqual([]);
  });

  it('says of each route what it needs, takes, answers and refuses', () => {
    for (const { path, method, operation } of operationsOf(plain)) {
      const where = `${method} ${path}`;
      expect([where, operation.summary]).toEqual([where, expect.stringMatching(/./)]);
      expect([where, operation.tags]).toEqual([where, [expect.any(String)]]);
      const statuses = Object.keys(operation.responses);
      expect([where, statuses.filter((status) => status < '300')]).toEqual([where, [expect.any(String)]]);
      expect([where, statuses]).toEqual([where, expect.arrayContaining(['400', '503'])]);
      const isOpen = /^\/mfa\/(?:passkey|sign-up)/.test(path);
      expect([where, operation.security]).toEqual([
        where,
        isOpen ? undefined : [{ mfa_cookie: [] }, { mfa_header: [] }],
      ]);
      expect([where, statuses.includes('401')]).toEqual([where, !isOpen || path === '/mfa/passkey']);
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const given = operation.parameters.filter((one: Json) => one.in === 'path' && one.required);
      expect([where, given.map((one: Json) => one.name)]).toEqual([where, named]);
    }
  });

  it('names each operation once, and refers to nothing that is not there', () => {
    const ids = operationsOf(document).map(({ operation }) => operation.operationId as string);
    expect(new Set(ids).size).toBe(ids.length);
    const references = [...within(document)].flatMap((value) => (value?.$ref ? [value.$ref as string] : []));
    const known = Object.keys(document.components?.schemas ?? {}).map(
      (name) => `#/components/schemas/${name}`,
    );
    expect([...new Set(references)].sort()).toEqual(known.sort());
    const schemes = Object.keys(document.components?.securitySchemes ?? {});
    expect(schemes).toEqual(['mfa_cookie', 'mfa_header']);
  });

  it('names codes under their status, and every code that a route can have', () => {
    const named = new Set<string>();
    for (const { operation } of operationsOf(document)) {
      for (const [status, { content }] of Object.entries<Json>(operation.responses)) {
        const codes: string[] = content?.['application/json'].schema.allOf?.[1].properties.code.enum ?? [];
        for (const code of codes) {
          named.add(code);
          expect([code, MFA_ERRORS[code as keyof typeof MFA_ERRORS].status]).toEqual([code, Number(status)]);
        }
      }
    }
    // Offered to applications.
    named.add('add_email_blocked');
    expect([...named].sort()).toEqual(Object.keys(MFA_ERRORS).sort());
  });

  it('names cookie and header as the options do', async () => {
    const other = await startTestApp({
      mfa: { session: { cookie: { name: 'sid', secure: true }, header: 'x-sid' } },
    });
    const bare = await startTestApp({ mfa: { session: { cookie: false } } });
    try {
      const named = describeMfa(other.app, SwaggerModule.createDocument(other.app, config));
      expect(named.components?.securitySchemes).toMatchObject({
        mfa_cookie: { in: 'cookie', name: '__Host-sid' },
        mfa_header: { in: 'header', name: 'x-sid' },
      });
      expect(tokenHeadersOf(named)).toEqual(['Set-Cookie', 'x-sid']);
      expect(JSON.stringify(named)).not.toContain('x-mfa-session');
      const without = describeMfa(bare.app, SwaggerModule.createDocument(bare.app, config));
      expect(Object.keys(without.components?.securitySchemes ?? {})).toEqual(['mfa_header']);
      expect(tokenHeadersOf(without)).toEqual(['x-mfa-session']);
      expect(JSON.stringify(without)).not.toContain('mfa_cookie');
      // Of the application's own: it must not become one that is open to all.
      const own = { '/a': { get: { responses: {}, security: [{ mfa_cookie: [] }] }, post: null } };
      expect(describeMfa(bare.app, { paths: own }).paths).toMatchObject(own);
    } finally {
      await other.close();
      await bare.close();
    }
  });

  it('has no well-known addresses where the application mounts the routes itself', async () => {
    const other = await startTestApp({ mfa: { controllers: false } });
    try {
      const { paths } = describeMfa(other.app, SwaggerModule.createDocument(other.app, config));
      expect(Object.keys(paths).filter((path) => path.startsWith('/.well-known'))).toEqual([]);
      expect((await other.client().get('/.well-known/webauthn')).body.code).toBeUndefined();
    } finally {
      await other.close();
    }
  });

  it('needs no package at run time', () => {
    const sources = readdirSync('libs/mfa/src', { recursive: true, encoding: 'utf8' }).filter((file) =>
      /(?<!\.spec)\.tsx?$/.test(file),
    );
    const importing = sources.filter((file) =>
      /from '@nestjs\/swagger|import\('@nestjs\/swagger/.test(readFileSync(`libs/mfa/src/${file}`, 'utf8')),
    );
    expect(importing).toEqual([]);
  });
});
