import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';

import { MfaException } from '../../core/errors/mfa-exception.js';
import { RefusalLog } from '../journal/refusal-log.js';
import { newAuthenticator } from '../rows/authenticator.entity.js';
import { APPLICATION_SOURCE } from '../rows/mfa-request.js';
import { Tampering } from './tampering.js';
import { UnreadableAuthenticators } from './unreadable-authenticators.js';

const [ADA, EVE] = [{ id: 'ada' }, { id: 'eve' }];
const SOURCE = { ...APPLICATION_SOURCE, ip: '192.0.2.1' };
const row = (id: string) =>
  newAuthenticator({ id, userId: 'ada', type: 'totp', name: 'An app', createdAt: new Date(0), data: 'x' });

const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
afterEach(() => void error.mockClear());
const logged = () => error.mock.calls.map(([line]) => String(line));

/** A log of refusals that keeps what it records. */
function record() {
  const events: unknown[] = [];
  const journal = {
    record: (happening: object) => {
      events.push(happening);
      return Promise.resolve();
    },
  };
  const refusals = new RefusalLog(journal as never, { rateLimit: { windowSeconds: 300 } } as never, {
    now: () => 1_800_000_000_000,
  });
  return { events, refusals };
}

describe('an authenticator whose row can’t be read', () => {
  const unreadable = (id: string, user = ADA) => ({
    user,
    source: SOURCE,
    events: [
      { type: 'mfa.authenticator.unreadable', data: { authenticator: { id, type: 'totp', name: 'An app' } } },
    ],
  });

  it('is told of once, and so is the next one', () => {
    const { events, refusals } = record();
    const reports = new UnreadableAuthenticators(refusals);
    for (const id of ['one', 'one', 'two'])
      reports.note(ADA, row(id), new Error('no key decrypts it'), SOURCE);
    expect(events).toEqual([unreadable('one'), unreadable('two')]);
    expect(logged()).toEqual([
      expect.stringMatching(/one .*: no key decrypts it$/),
      expect.stringMatching(/two .*: no key decrypts it$/),
    ]);
  });

  it('is logged once even if it is told of to two users', () => {
    const { events, refusals } = record();
    const reports = new UnreadableAuthenticators(refusals);
    for (const user of [ADA, EVE]) reports.note(user, row('one'), 'no error', SOURCE);
    expect(events).toEqual([unreadable('one'), unreadable('one', EVE)]);
    expect(logged()).toEqual([expect.stringMatching(/until it is removed: $/)]);
  });

  it('is not told of if it is the database that can’t be read', () => {
    const { events, refusals } = record();
    const away = new MfaException('storage_unavailable');
    expect(() => new UnreadableAuthenticators(refusals).note(ADA, row('one'), away, SOURCE)).toThrow(away);
    expect([events, logged()]).toEqual([[], []]);
  });
});

describe('an authenticator whose seal is invalid', () => {
  const tampered = (authenticatorId: string, user = ADA) => ({
    user,
    source: SOURCE,
    events: [{ type: 'mfa.authenticator.tampered', data: { authenticatorId } }],
  });

  it('is told of once, by its id alone, and so is the next one', () => {
    const { events, refusals } = record();
    const tampering = new Tampering(refusals);
    for (const id of ['one', 'one', 'two']) tampering.note(ADA, id, SOURCE);
    expect(events).toEqual([tampered('one'), tampered('two')]);
    expect(logged()).toEqual([
      expect.stringContaining('authenticator one '),
      expect.stringContaining('authenticator two '),
    ]);
  });

  it('is logged once even if it is told of to two users', () => {
    const { events, refusals } = record();
    const tampering = new Tampering(refusals);
    for (const user of [ADA, EVE]) tampering.note(user, 'one', SOURCE);
    expect(events).toEqual([tampered('one'), tampered('one', EVE)]);
    expect(logged()).toHaveLength(1);
  });

  it('is logged even if it could not be read before', () => {
    const { refusals } = record();
    new UnreadableAuthenticators(refusals).note(ADA, row('one'), new Error('damaged'), SOURCE);
    new Tampering(refusals).note(ADA, 'one', SOURCE);
    expect(logged()).toHaveLength(2);
  });
});
