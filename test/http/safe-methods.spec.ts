/** @jest-environment-options {"ownModules": true} */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { emailCode } from 'nestjs-mfa';

import { PageClient } from '../support/page-client.js';
import type { Enrolled, TestApp } from '../support/test-app.js';
import { RELYING_PARTY, TestAdapter, enroll, newUserId, startTestApp } from '../support/test-app.js';

class SendingAdapter extends TestAdapter {
  override sendMessage(): void {
    // Its code is of no interest.
  }
}

/** The one page that begins a set-up: what it shows is a secret that has to be kept somewhere (docs/security/asvs.md, deviations). */
const BEGINS_A_SETUP = ['/account/security/totp/add'];

interface Layer {
  route?: { path: string; methods: Record<string, boolean> };
}

describe('GET', () => {
  let test: TestApp;
  let user: Enrolled;
  beforeAll(async () => {
    test = await startTestApp({
      adapter: SendingAdapter,
      mfa: {
        webauthn: RELYING_PARTY,
        passkeyLogin: true,
        trustedDevices: { enabled: true },
        factors: [emailCode()],
        pages: { loginUrl: '/login' },
        audit: { enabled: true },
      },
    });
    user = await enroll(test);
  });
  afterAll(() => test.close());

  /** All that a GET leads to, with what stands in the place of its parameters. */
  const pathsOf = (): string[] => {
    const { router } = test.app.getHttpAdapter().getInstance() as { router: { stack: Layer[] } };
    const parameters: Record<string, string> = {
      id: user.authenticatorId,
      type: 'email_code',
      name: 'style.css',
    };
    return router.stack
      .flatMap(({ route }) => (route?.methods['get'] ? [route.path] : []))
      .map((path) => path.replace(/:(\w+)/g, (_, name: string) => parameters[name] ?? name));
  };

  /** What is kept of anybody. That a request was refused is noted besides, once a window. */
  const dump = async (): Promise<string> => {
    const tables: unknown[] = [];
    for (const { tableName } of test.dataSource.entityMetadatas) {
      const rows: { type?: unknown }[] = await test.dataSource.query(`SELECT * FROM ${tableName}`);
      tables.push([tableName, rows.filter(({ type }) => type !== 'mfa.access.refused')]);
    }
    return JSON.stringify(tables);
  };

  it('changes nothing, on any route of this module and whoever asks, but that one page begins a set-up', async () => {
    const own = pathsOf().filter((path) => /^\/(mfa|account|\.well-known)/.test(path));
    expect(own.filter((path) => path.startsWith('/mfa')).length).toBeGreaterThanOrEqual(8);
    expect(own.filter((path) => path.startsWith('/account')).length).toBeGreaterThanOrEqual(20);
    const [half, newcomer] = [test.client(), test.client()];
    await half.post('/login', { id: user.id });
    await newcomer.post('/login', { id: newUserId() });
    const changed = new Set<string>();
    for (const one of [user.client, half, newcomer, test.client()]) {
      const client = PageClient.of(one);
      for (const path of own) {
        const before = await dump();
        await client.get(path);
        await test.settled();
        if ((await dump()) !== before) changed.add(path);
      }
    }
    expect([...changed]).toEqual(BEGINS_A_SETUP);
  });
});
