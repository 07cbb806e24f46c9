import { describe, expect, it } from '@jest/globals';

import type { AuthenticationSession } from './authentication-session.entity.js';
import {
  APPLICATION_SOURCE,
  MfaRequest,
  getMfaSession,
  getMfaUser,
  hasPendingSession,
  keepMfaRequest,
  mfaRequestOf,
  presentedSession,
  readUserAgent,
  recordsOf,
  replacementOf,
  setMfaSession,
  setMfaUser,
  showMfaSession,
  sourceOfRequest,
} from './mfa-request.js';

const ADA = { id: 'ada' };
const PASSWORD = { method: 'pwd', at: 1 } as const;
const sessionOf = (id: string, status = 'authenticated') =>
  ({ id, userId: 'ada', status, methods: [PASSWORD] }) as AuthenticationSession;
const SIGNED_IN = sessionOf('signed in');
const PENDING = sessionOf('pending', 'pending');

describe('the source of a request', () => {
  const addressOf = (request: object) => sourceOfRequest(request, 'ada').ip;

  it('names the user, the address, the browser and the session', () => {
    const request = { ip: '192.0.2.1', headers: { 'user-agent': 'Firefox' } };
    expect(sourceOfRequest(request, 'ada', 'her session')).toEqual({
      actor: { type: 'user', id: 'ada' },
      ip: '192.0.2.1',
      userAgent: 'Firefox',
      sessionId: 'her session',
    });
  });

  it('has nothing that the request does not say', () => {
    for (const request of [{}, { socket: {} }, { ip: '', headers: {} }, { ip: ' \r\n' }, { ip: 17 }])
      expect(sourceOfRequest(request, 'ada')).toMatchObject({ ip: null, userAgent: null, sessionId: null });
  });

  it('has the address that the framework found, before that of a handshake and of the connection', () => {
    const socket = { remoteAddress: '192.0.2.3' };
    expect(addressOf({ ip: '192.0.2.1', address: '192.0.2.2', socket })).toBe('192.0.2.1');
    expect(addressOf({ address: '192.0.2.2', socket })).toBe('192.0.2.2');
    expect(addressOf({ socket })).toBe('192.0.2.3');
  });

  it('has the longest address in full, and nothing longer', () => {
    const longest = '0000:0000:0000:0000:0000:ffff:192.168.100.228';
    expect(longest).toHaveLength(45);
    expect(addressOf({ ip: longest })).toBe(longest);
    expect(addressOf({ ip: `${longest}5` })).toBe(longest);
  });

  it('cannot forge lines of a log', () => {
    const forged = '192.0.2.1\r\nsigned in:\u0085root\t';
    expect(addressOf({ ip: forged })).toBe('192.0.2.1  signed in: root');
    expect(readUserAgent({ headers: { 'user-agent': forged } })).toBe('192.0.2.1  signed in: root');
  });

  it('has as much of the user agent as is stored', () => {
    const longest = 'x'.repeat(255);
    expect(readUserAgent({ headers: { 'user-agent': longest } })).toBe(longest);
    expect(readUserAgent({ headers: { 'user-agent': `${longest}y` } })).toBe(longest);
  });
});

it('names the application as the source of what its code does by itself', () => {
  expect(APPLICATION_SOURCE).toEqual({
    actor: { type: 'application', id: null },
    ip: null,
    userAgent: null,
    sessionId: null,
  });
});

describe('a request', () => {
  it('is nobody’s, and proves nothing, until something is known about it', () => {
    expect(new MfaRequest({})).toMatchObject({
      user: null,
      session: null,
      authenticatedSession: null,
      records: [],
      account: null,
      hasDeadToken: false,
      isPending: false,
      source: APPLICATION_SOURCE,
    });
  });

  it('proves what its session has proven', () => {
    expect(new MfaRequest({}, { session: SIGNED_IN })).toMatchObject({
      authenticatedSession: SIGNED_IN,
      records: [PASSWORD],
      isPending: false,
    });
    expect(recordsOf(SIGNED_IN)).toEqual([PASSWORD]);
  });

  it('proves nothing with a session that waits for its second factor', () => {
    expect(new MfaRequest({}, { session: PENDING })).toMatchObject({
      session: PENDING,
      authenticatedSession: null,
      records: [],
      isPending: true,
    });
    expect([recordsOf(PENDING), recordsOf(null)]).toEqual([[], []]);
  });

  it('causes events of its user, in its session', () => {
    const request = { ip: '192.0.2.1' };
    const sourceWith = (facts: object) => new MfaRequest(request, facts).source;
    expect(sourceWith({ user: { id: 7 }, session: SIGNED_IN })).toEqual(
      sourceOfRequest(request, '7', 'signed in'),
    );
    expect(sourceWith({ user: ADA })).toEqual(sourceOfRequest(request, 'ada'));
    expect(sourceWith({ session: PENDING })).toEqual(sourceOfRequest(request, 'ada', 'pending'));
  });

  it('answers through the response it was given, or else the one that belongs to it', () => {
    const [given, own] = [{}, {}];
    expect(new MfaRequest({ res: own }, { response: given }).response).toBe(given);
    expect(new MfaRequest({ res: own }).response).toBe(own);
    expect(() => new MfaRequest({}).response).toThrow('pass the response too');
  });

  it('is copied with all that is known about it, except for what is replaced', () => {
    const facts = {
      response: {},
      user: ADA,
      session: SIGNED_IN,
      hasDeadToken: true,
      isPending: true,
      account: { state: null, authenticators: [] },
    };
    const request = {};
    const context = new MfaRequest(request, facts);
    expect(context.with({})).toEqual(context);
    expect(context.with({}).request).toBe(request);
    expect(context.with({ session: PENDING })).toEqual(
      new MfaRequest(request, { ...facts, session: PENDING }),
    );
    // The original stays as it is.
    expect(context.session).toBe(SIGNED_IN);
  });

  it('goes on waiting for a second factor when its session is set aside', () => {
    expect(new MfaRequest({}, { session: PENDING }).with({ session: null }).isPending).toBe(true);
  });
});

describe('what is kept with a request', () => {
  it('is nothing at first', () => {
    const request = {};
    expect([
      getMfaUser(request),
      getMfaSession(request),
      presentedSession(request),
      mfaRequestOf(request),
      replacementOf(request),
    ]).toEqual(Array(5).fill(undefined));
    expect(hasPendingSession(request)).toBe(false);
  });

  it('is kept side by side', () => {
    const request = {};
    const context = new MfaRequest(request);
    setMfaUser(request, ADA);
    showMfaSession(request, SIGNED_IN);
    keepMfaRequest(request, context);
    expect(getMfaUser(request)).toBe(ADA);
    expect(getMfaSession(request)).toBe(SIGNED_IN);
    expect(presentedSession(request)).toBe(SIGNED_IN);
    expect(mfaRequestOf(request)).toBe(context);
    expect(hasPendingSession(request)).toBe(false);
  });

  it('is known of that request alone', () => {
    setMfaUser({}, ADA);
    expect(getMfaUser({})).toBeUndefined();
  });

  it('is no user and no session any more once they are hidden', () => {
    const request = {};
    setMfaUser(request, ADA);
    showMfaSession(request, SIGNED_IN);
    setMfaUser(request, null);
    showMfaSession(request, null);
    expect([getMfaUser(request), presentedSession(request)]).toEqual([undefined, undefined]);
  });

  it('shows a session that waits for its second factor only to what completes it', () => {
    const request = {};
    showMfaSession(request, PENDING);
    expect(getMfaSession(request)).toBeUndefined();
    expect(presentedSession(request)).toBe(PENDING);
    expect(hasPendingSession(request)).toBe(true);
  });

  it('tells a session that was started or ended from one that was presented', () => {
    const request = {};
    showMfaSession(request, PENDING);
    expect(replacementOf(request)).toBeUndefined();
    setMfaSession(request, SIGNED_IN);
    expect([presentedSession(request), replacementOf(request)]).toEqual([SIGNED_IN, { session: SIGNED_IN }]);
    setMfaSession(request, null);
    expect([presentedSession(request), replacementOf(request)]).toEqual([undefined, { session: null }]);
  });
});
