import { describe, expect, it } from '@jest/globals';

import { KeyRing } from '../../core/crypto/key-ring.js';
import { KnownBrowsers } from './known-browsers.js';

const START = 1_800_000_000_000;
const TTL = 3600;
const COOKIE = { name: 'known', sameSite: 'lax', secure: true, path: '/' };
const [SECRET, FORMER, OTHER] = ['a', 'b', 'c'].map((letter) => letter.repeat(40)) as [
  string,
  string,
  string,
];

interface World {
  now?: number;
  secrets?: string[];
  secure?: boolean;
  /** Counts how often the keys are asked for. */
  asked?: string[];
}

function browsersOf({ now = START, secrets = [SECRET], secure = true, asked = [] }: World = {}) {
  const checked: object[] = [];
  const ring = () => (asked.push('ring'), Promise.resolve(new KeyRing(secrets)));
  const browsers = new KnownBrowsers(
    { ring } as never,
    { check: (request: object) => checked.push(request) } as never,
    { newSignIn: { cookie: { ...COOKIE, secure }, ttlSeconds: TTL } } as never,
    { now: () => now },
  );
  return { browsers, checked };
}

const withCookie = (...values: string[]) => ({
  headers: { cookie: values.map((value) => `known=${value}`).join('; ') },
});

/** The cookie line after a sign-in of this user with a browser that has this cookie. */
async function lineOf(userId: string, cookie?: string, world?: World) {
  const lines: string[] = [];
  const request = cookie === undefined ? { headers: {} } : withCookie(cookie);
  const { browsers, checked } = browsersOf(world);
  await browsers.remember(userId, request, { header: (_: string, line: string) => lines.push(line) });
  return { line: lines.join(), request, checked };
}
const cookieOf = async (...given: Parameters<typeof lineOf>) =>
  /^known=([^;]*);/.exec((await lineOf(...given)).line)?.[1] ?? '';
const lastSignIn = async (userId: string, cookies: string[], world?: World) =>
  browsersOf(world).browsers.lastSignIn(userId, withCookie(...cookies));

describe('a browser', () => {
  it('is known to who has signed in with it, to the second, and to nobody else', async () => {
    const cookie = await cookieOf('ada', undefined, { now: START + 1999 });
    await expect(lastSignIn('ada', [cookie])).resolves.toEqual(new Date(START + 1000));
    await expect(lastSignIn('eve', [cookie])).resolves.toBeNull();
  });

  it('is known until the time is over that the option says', async () => {
    const cookie = await cookieOf('ada');
    const at = (now: number) => lastSignIn('ada', [cookie], { now });
    await expect(at(START + TTL * 1000)).resolves.toEqual(new Date(START));
    await expect(at(START + TTL * 1000 + 1)).resolves.toBeNull();
    await expect(at(START - 60_000)).resolves.toBeNull();
  });

  it('has a cookie that scripts can’t read, for as long', async () => {
    const { line, request, checked } = await lineOf('ada');
    expect(line).toMatch(
      /^known=[0-9a-f]{32}[0-9a-z]{6}; Max-Age=3600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(checked).toEqual([request]);
  });

  it('is looked after for losing the cookie only where that is for https', async () => {
    const { line, checked } = await lineOf('ada', undefined, { secure: false });
    expect(line).not.toContain('Secure');
    expect(checked).toEqual([]);
  });

  it('remembers several users, the latest first, each once', async () => {
    const ada = await cookieOf('ada');
    const both = await cookieOf('eve', ada);
    expect(both.split('.')).toEqual([expect.any(String), ada]);
    const again = await cookieOf('ada', both, { now: START + 1000 });
    expect(again.split('.')).toEqual([expect.any(String), both.split('.')[0]]);
    await expect(lastSignIn('ada', [again])).resolves.toEqual(new Date(START + 1000));
    await expect(lastSignIn('eve', [again])).resolves.toEqual(new Date(START));
  });

  it('was last used in the latest of several sign-ins', async () => {
    const [early, late] = [await cookieOf('ada'), await cookieOf('ada', undefined, { now: START + 5000 })];
    const world = { now: START + 5000 };
    await expect(lastSignIn('ada', [`${early}.${late}`], world)).resolves.toEqual(new Date(START + 5000));
    await expect(lastSignIn('ada', [`${late}.${early}`], world)).resolves.toEqual(new Date(START + 5000));
  });

  it('is known by a former secret too, and writes with the present one', async () => {
    const cookie = await cookieOf('ada', undefined, { secrets: [FORMER] });
    const secrets = [SECRET, FORMER];
    await expect(lastSignIn('ada', [cookie], { secrets })).resolves.toEqual(new Date(START));
    await expect(lastSignIn('ada', [cookie], { secrets: [OTHER] })).resolves.toBeNull();
    const renewed = await cookieOf('ada', cookie, { secrets });
    expect(renewed).not.toContain('.');
    await expect(lastSignIn('ada', [renewed], { secrets: [SECRET] })).resolves.toEqual(new Date(START));
  });

  it('is new without a cookie, and needs no keys for that', async () => {
    const asked: string[] = [];
    const { browsers } = browsersOf({ asked });
    await expect(browsers.lastSignIn('ada', { headers: {} })).resolves.toBeNull();
    expect(asked).toEqual([]);
  });

  it.each<[string, (genuine: string) => string[]]>([
    ['changed in its time', (genuine) => [`${genuine.slice(0, -1)}${genuine.endsWith('0') ? '1' : '0'}`]],
    ['changed in its hash', (genuine) => [`${genuine.startsWith('0') ? '1' : '0'}${genuine.slice(1)}`]],
    ['followed by what is no entry', (genuine) => [`${genuine}.else`]],
    ['preceded by something', (genuine) => [`.${genuine}`]],
    ['in an entry with something before it', (genuine) => [`-${genuine}`]],
    ['in an entry with something after it', (genuine) => [`${genuine}-`]],
    ['in capital letters', (genuine) => [genuine.toUpperCase()]],
    ['there twice', (genuine) => [genuine, `${genuine}.${genuine}`]],
  ])('is new with a cookie that is %s', async (_, change) => {
    const genuine = await cookieOf('ada');
    await expect(lastSignIn('ada', [genuine])).resolves.not.toBeNull();
    await expect(lastSignIn('ada', change(genuine))).resolves.toBeNull();
  });

  it.each([
    'else',
    `-${'a'.repeat(32)}abc`,
    `${'é'.repeat(32)}abc`,
    'a'.repeat(32),
    `${'a'.repeat(32)}${'z'.repeat(10)}`,
  ])('keeps nothing of a cookie that holds %j, which is none of its entries', async (value) => {
    expect(await cookieOf('ada', encodeURIComponent(value))).toMatch(/^[0-9a-f]{32}[0-9a-z]{6}$/);
  });
});
