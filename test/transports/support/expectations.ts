import { expect } from '@jest/globals';

import type { Client } from '../../support/client.js';
import type { TestApp } from '../../support/test-app.js';
import { enroll, halfSignIn, newUserId } from '../../support/test-app.js';
import { headersOf } from './transport-app.js';

/** The handlers that every transport of these tests has: `feed` lets those pass who have no factor. */
export type Handler = 'guarded' | 'feed';

/** What a handler answers: whose session `@MfaSession()` gave it; or what the client is told instead. */
export type Told = { userId: string } | { code: string; statusCode: number; [detail: string]: unknown };

/** A client that is connected with some headers, for as long as a connection of its transport lasts. */
export interface Connection {
  ask: (handler: Handler) => Promise<Told>;
  close: () => void;
}

export interface Transport {
  test: TestApp;
  connect: (headers: Record<string, string>) => Promise<Connection>;
}

const UNAUTHENTICATED = { code: 'unauthenticated', statusCode: 401, message: 'You are not signed in.' };

async function ask({ connect }: Transport, client: Client, handler: Handler = 'guarded'): Promise<Told> {
  const connection = await connect(headersOf(client));
  const told = await connection.ask(handler);
  connection.close();
  return told;
}

/** What the guard answers, whichever way it is asked. */
export const EXPECTATIONS: Record<string, (transport: Transport) => Promise<void>> = {
  async 'refuses nobody, strangers and half-finished sign-ins'(transport) {
    const { test } = transport;
    const half = await halfSignIn(test, await enroll(test));
    for (const client of [test.client(), test.client({ 'x-mfa-session': 'nonsense' }), half]) {
      expect(await ask(transport, client)).toMatchObject(UNAUTHENTICATED);
    }
  },

  async 'sends users without a factor to set one up, unless the handler allows them'(transport) {
    const client = transport.test.client();
    const id = newUserId();
    await client.post('/login', { id });
    expect(await ask(transport, client)).toMatchObject({
      code: 'mfa_enrollment_required',
      statusCode: 403,
      methods: ['totp'],
    });
    expect(await ask(transport, client, 'feed')).toEqual({ userId: id });
  },

  async 'lets a proof pass until it is too old, on one connection'({ test, connect }) {
    const { client, id } = await enroll(test);
    const connection = await connect(headersOf(client));
    expect(await connection.ask('guarded')).toEqual({ userId: id });
    test.clock.advance(301);
    for (const handler of ['guarded', 'feed'] as const) {
      expect(await connection.ask(handler)).toMatchObject({
        code: 'mfa_required',
        statusCode: 401,
        methods: ['totp', 'recovery_codes'],
        maxAge: 300,
      });
    }
    connection.close();
  },

  async 'refuses a session that has ended, on a connection that is open still'({ test, connect }) {
    const { client, id } = await enroll(test);
    const connection = await connect(headersOf(client));
    expect(await connection.ask('guarded')).toEqual({ userId: id });
    await client.clone().delete('/mfa/session');
    for (const handler of ['guarded', 'feed'] as const) {
      expect(await connection.ask(handler)).toMatchObject(UNAUTHENTICATED);
    }
    connection.close();
  },
};
