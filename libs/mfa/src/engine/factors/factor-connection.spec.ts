import { describe, expect, it, jest } from '@jest/globals';

import { DefaultMfaAdapter } from '../../adapter/default-mfa-adapter.js';
import type { MfaType } from '../../core/policy/methods.js';
import type { AuthenticatorDetails } from '../authenticators/authenticator-list.js';
import { FactorConnection } from './factor-connection.js';
import type { RegisteredFactor } from './factor-registry.js';
import type { MfaFactorAuthenticator } from './mfa-factor.js';

const rowOf = (id: string, type = 'pager') => ({ id, type, userId: 'ada' });

/** A factor with these methods, and what it was connected to. */
function factorOf(type: string, methods: object = {}) {
  const connect = jest.fn();
  const factor = { connect, needsSender: () => false, ...methods };
  return { registered: { type, factor } as unknown as RegisteredFactor, connect };
}

interface World {
  builtIn?: RegisteredFactor[];
  own?: RegisteredFactor[];
  rows?: { id: string; type: string; userId: string }[];
  adapter?: DefaultMfaAdapter;
}

function connect({ builtIn = [], own = [], rows = [], adapter = new DefaultMfaAdapter() }: World) {
  return new FactorConnection(
    { all: own } as never,
    builtIn,
    { of: (type: MfaType) => `tools of ${type}` } as never,
    { open: ({ id }: { id: string }) => Promise.resolve({ id, data: `data of ${id}` }) } as never,
    { find: (userId: string) => Promise.resolve(rows.filter((row) => row.userId === userId)) } as never,
    adapter,
  );
}

describe('the boot', () => {
  it('connects each factor to what it works with', () => {
    const builtIn = factorOf('built_in');
    const own = factorOf('pager');
    connect({ builtIn: [builtIn.registered], own: [own.registered] });
    expect(builtIn.connect.mock.calls).toEqual([['tools of built_in']]);
    expect(own.connect.mock.calls).toEqual([['tools of pager']]);
  });

  it('fails if a factor sends codes and nothing sends them', () => {
    const sending = factorOf('pager', { needsSender: () => true });
    expect(() => connect({ own: [sending.registered] })).toThrow(
      /nothing sends the codes of `pager`: override `sendMessage\(\)`/,
    );
    expect(sending.connect).not.toHaveBeenCalled();
    const adapter = Object.assign(new DefaultMfaAdapter(), { sendMessage: () => undefined });
    connect({ own: [sending.registered], adapter });
    expect(sending.connect).toHaveBeenCalledTimes(1);
  });
});

describe('what factors show of authenticators', () => {
  const describeData = ({ id, data }: MfaFactorAuthenticator) => {
    if (id.startsWith('damaged')) throw new Error(`${id} cannot be read`);
    return { shows: data };
  };
  const detailsOf = (rows: World['rows'], describe: unknown = describeData) =>
    connect({ own: [factorOf('pager', { describe }).registered], rows }).details()[0] as AuthenticatorDetails;
  const shown = (rows: World['rows'], describe?: unknown) => detailsOf(rows, describe).describe('ada', []);

  it('comes from those that describe them', () => {
    const own = [factorOf('silent').registered, factorOf('pager', { describe: describeData }).registered];
    expect(
      connect({ own })
        .details()
        .map(({ type }) => type),
    ).toEqual(['pager']);
  });

  it('is told of each of the user’s own of that type', async () => {
    const others = [rowOf('app', 'totp'), { ...rowOf('eves'), userId: 'eve' }];
    expect(await shown([rowOf('one'), rowOf('other'), ...others])).toEqual(
      new Map([
        ['one', { shows: 'data of one' }],
        ['other', { shows: 'data of other' }],
      ]),
    );
  });

  it('is nothing if there are none, or if the class only declares the method', async () => {
    expect(await shown([])).toEqual(new Map());
    const declared = factorOf('pager', { describe: undefined });
    const [details] = connect({ own: [declared.registered], rows: [rowOf('one')] }).details();
    expect(await details?.describe('ada', [])).toEqual(new Map([['one', {}]]));
  });

  it('is complete but for those that cannot be read', async () => {
    expect(await shown([rowOf('damaged'), rowOf('one')])).toEqual(
      new Map([['one', { shows: 'data of one' }]]),
    );
  });

  it('fails with the first error if none can be read', async () => {
    const rows = [rowOf('damaged first'), rowOf('damaged second')];
    await expect(shown(rows)).rejects.toThrow('damaged first cannot be read');
  });
});
